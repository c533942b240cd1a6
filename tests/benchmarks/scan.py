"""What scanning a corpus costs against the plain forward pass, and the memory it takes.

    python -m tests.benchmarks.scan [--json FILE] [--sentences N] [--memory N]

The text is made by a seeded generator: N sentences of ordinary English, 20,000 unless said
otherwise. The plain pass reads and tokenises the same file and runs the same batches through the
whole model, with nothing measured; both are timed in processes of their own, without loading
libraries and model, and before and after each other. A scan also reads the corpus twice, fits its
pilot, probes induction, starts its workers and writes its folder. Memory is the peak of a process
that scans `--memory` sentences on a small decoder, and of one that scans a tenth of them, with that
of the largest of its workers; 0 leaves it out.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from tests.benchmarks import memory
from tests.conftest import SAMPLES
from tests.helpers.models import write_model


def write_text(file: Path, sentences: int) -> None:
    """Sentences of six to thirty words of the quickstart sample's, a line each."""
    rng = np.random.default_rng(sentences)
    sample = (SAMPLES / "quickstart.txt").read_text(encoding="utf-8")
    words = sorted({word for word in sample.lower().split() if word.isalpha()})
    with file.open("w", encoding="utf-8") as out:
        for _ in range(sentences):
            chosen = rng.choice(words, rng.integers(6, 31))
            out.write(" ".join(chosen).capitalize() + ".\n")


def plain(model: str, text: str) -> None:
    """Reads and tokenises a text and runs the model over it, in the batches of a scan."""
    import torch

    from attnviz.attention import batch as batches
    from attnviz.models import heap, load, names, run
    from attnviz.settings import Settings
    from attnviz.survey.shards import Reader
    from attnviz.survey.survey import SHARD
    from attnviz.text.files import read
    from attnviz.text.split import sentences

    heap.keep()
    loaded = load.load(names.resolve(model), device=torch.device("cpu"))
    began = time.perf_counter()
    reader = Reader(loaded, Settings(), None)
    whole = sentences(read([text], None), "line")
    with torch.inference_mode():
        for start in range(0, len(whole), SHARD):
            pairs = [(sentence, None) for sentence in whole[start : start + SHARD]]
            tokens = reader.read(pairs).tokens
            for places in run._groups(tokens, None, None, loaded.device):
                batch = batches.make([tokens[at] for at in places], loaded.pad, loaded.device)
                loaded.model(input_ids=batch.ids, attention_mask=run._mask(batch))
    told(time.perf_counter() - began, len(whole))


def scanned(model: str, text: str) -> None:
    """Scans a text; what comes before the corpus is read is timed apart and taken off."""
    from attnviz.corpus.options import ScanOptions
    from attnviz.corpus.scan import scan
    from attnviz.models import heap
    from attnviz.progress import Silent
    from attnviz.settings import Settings

    class Clock(Silent):
        began = 0.0

        def stage(self, name: str, total: int | None = None) -> None:
            super().stage(name, total)
            if name == "reading corpus":
                self.began = time.perf_counter()

    heap.keep()
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        done = scan(
            model, [text], Path(folder) / "scan", Settings(split="line"), ScanOptions(), clock
        )
    told(time.perf_counter() - clock.began, done.numbers["sentences"])


def told(seconds: float, sentences: int) -> None:
    peaks = [
        resource.getrusage(whose).ru_maxrss / 1024
        for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    print(json.dumps([seconds, sentences, *peaks]))


def apart(what: str, model: str, text: Path) -> tuple[float, int, float, float]:
    """Seconds, sentences, and peak MiB of a process of its own and of the largest it started."""
    arguments = [sys.executable, "-m", "tests.benchmarks.scan", "--apart", what, model, str(text)]
    done = subprocess.run(
        arguments, check=True, capture_output=True, env=os.environ | {"HF_HUB_OFFLINE": "1"}
    )
    seconds, sentences, *peaks = json.loads(done.stdout.splitlines()[-1])
    return seconds, sentences, *peaks


def rows(sentences: int, most: int, runs: int) -> list[dict[str, object]]:
    """Speed against the plain pass on minilm, then memory on a small decoder."""
    made: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "text.txt"
        write_text(text, sentences)
        ratios, best = [], {"plain": 0.0, "scan": 0.0}
        for _ in range(runs):
            rate = {}
            for what in ("plain", "scan"):
                seconds, many, *_ = apart(what, "minilm", text)
                rate[what] = many / seconds
                best[what] = max(best[what], rate[what])
            ratios.append(rate["scan"] / rate["plain"])
        made += [
            {"what": f"minilm, {what}", "sentences": sentences, "a_second": round(best[what], 1)}
            for what in best
        ]
        made.append({"what": "minilm, scan / plain", "ratio": round(statistics.median(ratios), 3)})
        decoder = write_model(Path(folder) / "decoder", "llama", head="ForCausalLM")
        for many in (most // 10, most) if most else ():
            memory.write_text(text, many)
            seconds, _, peak, worker = apart("scan", str(decoder), text)
            made.append(
                {
                    "what": "small decoder, scan",
                    "sentences": many,
                    "a_second": round(many / seconds, 1),
                    "peak_mib": round(peak),
                    "worker_mib": round(worker),
                }
            )
    return made


def main() -> None:
    """Measures all rows and prints them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--sentences", type=int, default=20_000)
    parser.add_argument("--memory", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--apart", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.apart:
        what, *arguments = chosen.apart
        {"plain": plain, "scan": scanned}[what](*arguments)
        return
    made = rows(chosen.sentences, chosen.memory, chosen.runs)
    columns = ("what", "sentences", "a_second", "ratio", "peak_mib", "worker_mib")
    table = Table(*columns)
    for row in made:
        table.add_row(*(str(row.get(column, "")) for column in columns))
    Console().print(table)
    if chosen.json:
        chosen.json.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
