"""Peak memory of measuring and judging corpora of different sizes, in a process each.

    python -m tests.benchmarks.memory [--json FILE] [--quick]

The text is made by a seeded generator. Memory must not grow with it: from the smaller corpus to
the larger by less than 5%, for minilm beyond what the sums of 1,024 groups take; both corpora
have more units of evidence than that. The last rows give `--max-memory`. `--quick` takes a tenth
of the sentences.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from tests.helpers.models import VOCABULARY, write_model

MINILM = (2_000, 20_000)
DECODER = (20_000, 200_000)
LIMIT = "1GiB"


def write_text(file: Path, sentences: int) -> None:
    """Sentences of four to twelve words that a small vocabulary knows, a line each."""
    rng = np.random.default_rng(sentences)
    words = [word for word in VOCABULARY if word.isalpha()]
    with file.open("w", encoding="utf-8") as out:
        for _ in range(sentences):
            chosen = rng.choice(words, rng.integers(4, 13))
            out.write(" ".join(chosen).capitalize() + ".\n")


def measure(model: str, text: str, limit: str) -> None:
    """Measures and judges a corpus, and prints peak memory in MiB, sentences and verdicts."""
    import attnviz
    from attnviz.models import heap

    heap.keep()
    measurement = attnviz.measure(model, Path(text), split="line", max_memory=limit)
    report = attnviz.judge(measurement)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sums = sum(
        part.nbytes
        for stream in measurement.streams.values()
        for column in stream.columns.values()
        for part in (column.numerator, column.denominator)
    )
    supported = sum(
        role.verdict == "supported" for head in report.heads for role in head.roles.values()
    )
    print(json.dumps([peak, sums / 2**20, report.input.sentences, supported]))


def row(model: str, text: Path, limit: str = "") -> dict[str, object]:
    """What a process takes for one corpus."""
    start = time.perf_counter()
    arguments = [sys.executable, "-m", "tests.benchmarks.memory", "--one", model, str(text), limit]
    done = subprocess.run(
        arguments, check=True, capture_output=True, env=os.environ | {"HF_HUB_OFFLINE": "1"}
    )
    peak, sums, sentences, supported = json.loads(done.stdout.splitlines()[-1])
    return {
        "model": Path(model).name,
        "sentences": sentences,
        "max_memory": limit,
        "peak_mib": round(peak),
        "sums_mib": round(sums, 1),
        "supported": supported,
        "seconds": round(time.perf_counter() - start, 1),
    }


def main() -> None:
    """Measures all rows and prints them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        measure(*chosen.one)
        return
    share = 10 if chosen.quick else 1
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        decoder = write_model(Path(folder) / "decoder", "llama", head="ForCausalLM")
        texts = {}
        for many in sorted({*MINILM, *DECODER}):
            texts[many] = Path(folder) / f"{many}.txt"
            write_text(texts[many], many // share)
        for model, sizes in (("minilm", MINILM), (str(decoder), DECODER)):
            rows += [row(model, texts[many]) for many in sizes]
        rows.append(row("minilm", texts[MINILM[1]], LIMIT))
    show(rows)
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def show(rows: list[dict[str, object]]) -> None:
    """Prints the rows as a table."""
    table = Table(*rows[0])
    for each in rows:
        table.add_row(*map(str, each.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
