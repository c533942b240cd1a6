"""What the explorer adds to a page, how soon it is there, and how fast it follows the pointer.

    python -m tests.benchmarks.explorer [--json FILE]

A sentence of 30 tokens in a BERT of 12 layers with 12 heads, random weights, and one of 400 in
minilm, 72 heads. Times are those of Chromium: from the start of the navigation to a picture,
and from pointing at another token to its lines being drawn, the median over tokens; of the arcs of
a layer's 12 heads while the first key is pinned, into which nearly every query has a line in each
head, also the first.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import attnviz
from attnviz.report.formats import html
from tests.conftest import SAMPLES
from tests.helpers.browser import chromium
from tests.helpers.explored import POINTS, opened
from tests.helpers.models import write_model

BOUNDS = {30: 250, 400: 9_000}
"""Tokens -> kilobytes that their sentence may add."""

LINKS = {"matrix": "v=matrix", "arcs": "v=arcs", "pinned": "v=arcs&h=L2&k=0"}
"""What is pointed at."""


def page(tokens: int, folder: Path) -> tuple[Path, float]:
    """The page of a report on one sentence of so many tokens, and the kilobytes of its explorer."""
    if tokens == 30:
        sizes: dict[str, Any] = {
            "hidden_size": 144,
            "num_hidden_layers": 12,
            "num_attention_heads": 12,
        }
        model, text = str(write_model(folder / "bert", **sizes)), "the dog sat . " * 7
    else:
        words = (SAMPLES / "quickstart.txt").read_text("utf-8").split() * 3
        model, text = "minilm", " ".join(words[:321])
    made = attnviz.analyze(model, [text], illustrate=1, resamples=100, split="document")
    (sentence,) = made.explored
    print(f"{len(sentence.queries)} tokens")
    whole = html.write(made, ())
    path = folder / f"{tokens}.html"
    path.write_bytes(whole)
    return path, (len(whole) - len(html.write(replace(made, explored=()), ()))) / 1e3


def measured(tokens: int, folder: Path) -> dict[str, float]:
    """Kilobytes, and milliseconds to the first picture and from token to token."""
    path, kilobytes = page(tokens, folder)
    ready: list[float] = []
    follows: dict[str, float] = {}
    with chromium() as browser:
        for view, link in LINKS.items():
            with opened(browser, path, link) as explorer:
                ready.append(explorer.page.evaluate("() => performance.now()"))
                took = explorer.page.evaluate(POINTS)
                follows[f"{view}_ms"] = statistics.median(took)
                follows[f"{view}_first_ms"] = took[0]
    return {"tokens": tokens, "kilobytes": kilobytes, "ready_ms": min(ready), **follows}


def main() -> None:
    """Prints the table, and writes it as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        rows = [measured(tokens, Path(temporary)) for tokens in BOUNDS]
    times = ("matrix_ms", "arcs_ms", "pinned_ms", "pinned_first_ms")
    heads = ("matrix, ms", "arcs, ms", "12 heads and a pin, ms", "first, ms")
    table = Table("tokens", "kB", "at most", "ready, ms", *heads, box=None)
    for row in rows:
        numbers = [f"{row[name]:,.0f}" for name in ("kilobytes", "ready_ms")]
        follows = [f"{row[name]:.1f}" for name in times]
        bound = f"{BOUNDS[int(row['tokens'])]:,}"
        table.add_row(str(row["tokens"]), numbers[0], bound, numbers[1], *follows)
    Console(width=100).print(table)
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
