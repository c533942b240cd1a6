"""What measuring costs on a GPU, and that its numbers are right there: a script of five minutes.

    python -m tests.benchmarks.gpu [--json FILE] [--seconds S] [--limit S]

First the numbers of the Triton kernels against float64, twice to the same bytes, and how often the
host waits for the GPU in a batch. Then, for models
with random weights, the ratio to the plain pass of the same model (attention by `sdpa`), in time
and memory, of

- attnviz: every role and statistic that needs no annotation, some batches a run;
- usual: the same numbers from `output_attentions=True`, where it fits.

Last, reports on the quickstart: no verdict of minilm and SmolLM2 may differ between CUDA and CPU,
no score by more than 1e-4, and two runs on CUDA leave the same bytes, in words, too; and minilm in
8 and in 4 bits and spread by accelerate, where the extras `bitsandbytes` and `large` are installed,
beside float32 on the CPU.

The ratio is the median over pairs of passes, by turns; what it should be stands beside it. What
`--limit` leaves no time for is named. Without a GPU the script says so, and ends.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from attnviz.attention.kernels import has_triton, measure
from tests.benchmarks import engine, gpu_reports
from tests.helpers.kernel_cases import BOUNDS, LAYERS, LONG, KernelCase, beyond, built, off


@dataclass(frozen=True)
class Shape:
    """A model with random weights, what it reads, and how slow measuring may be."""

    name: str
    dtype: str
    sentences: int
    tokens: int
    goal: float


SHAPES = (
    Shape("minilm", "float32", 256, 128, 1.5),
    Shape("minilm", "float32", 64, 512, 1.5),
    Shape("bert-base", "float32", 64, 512, 1.2),
    Shape("smollm2", "bfloat16", 8, 2048, 1.8),
    Shape("smollm2", "bfloat16", 1, 8192, 2.2),
    Shape("llama-1b", "bfloat16", 4, 2048, 1.5),
    Shape("llama-1b", "bfloat16", 1, 8192, 1.8),
    Shape("llama-8b", "bfloat16", 1, 4096, 1.3),
    Shape("smollm2", "bfloat16", 1, 32768, 3.0),
)
BATCHES = 4
"""Batches a run, so that they can be made ready while others run."""

MEMORY = 1.2
"""Memory may be so many times that of the plain pass."""

_REPORTS = 60.0
"""Seconds that reports are thought to take."""

_LARGE = 30.0
"""Seconds that quantised and spread models are thought to take."""

_HELD = 4
"""So many float32 matrices of a layer the usual way holds beside those of all layers."""


@dataclass(frozen=True)
class Row:
    """A way beside the plain pass: milliseconds and MiB, and ratios; 0 where it does not fit."""

    shape: Shape
    way: str
    milliseconds: float
    plain: float
    slower: float
    pairs: int
    memory: float
    larger: float


def model(shape: Shape, attention: str) -> Any:
    """A model with random weights, on the GPU."""
    from transformers import AutoModel, BertConfig, LlamaConfig

    sizes: dict[str, tuple[int, ...]] = {
        "minilm": (384, 6, 12, 12, 1536),
        "bert-base": (768, 12, 12, 12, 3072),
        "smollm2": (576, 30, 9, 3, 1536),
        "llama-1b": (2048, 16, 32, 8, 8192),
        "llama-8b": (4096, 32, 32, 8, 14336),
    }
    width, layers, heads, key_heads, between = sizes[shape.name]
    common: dict[str, Any] = {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": between,
        "max_position_embeddings": max(512, shape.tokens),
    }
    bert = shape.name in ("minilm", "bert-base")
    config: Any = (
        BertConfig(**common)
        if bert
        else LlamaConfig(**common, vocab_size=49152, num_key_value_heads=key_heads)
    )
    torch.manual_seed(0)
    make: Any = AutoModel.from_config
    with torch.device("cuda"):
        made = make(config, attn_implementation=attention, dtype=getattr(torch, shape.dtype))
    return made.eval()


def passes(shape: Shape) -> Iterator[tuple[str, Callable[[], None]]]:
    """The ways, by name, the plain one first; each runs once when called."""
    from attnviz.attention import batch as batches
    from attnviz.models import tap
    from attnviz.models.run import observe

    device = torch.device("cuda")
    texts = engine.text(shape.tokens, shape.sentences * BATCHES)
    ids = torch.tensor([tokens.ids for tokens in texts], device=device).view(
        BATCHES, shape.sentences, -1
    )
    made = model(shape, "sdpa")
    causal = shape.name not in ("minilm", "bert-base")
    caches = {"use_cache": False} if causal else {}

    def plain() -> None:
        made.set_attn_implementation("sdpa")
        with torch.inference_mode():
            for own in ids:
                made(input_ids=own, **caches)

    name = tap.install()

    def attnviz() -> None:
        made.set_attn_implementation(name)
        most = shape.sentences * shape.tokens
        watching = engine.observers(texts)
        observe(engine.loaded(made, device), texts, watching, kernel="triton", most=most)

    def usual() -> None:
        made.set_attn_implementation("eager")
        watching = engine.observers(texts)
        for at, own in zip(range(0, len(texts), shape.sentences), ids, strict=True):
            places = range(at, at + shape.sentences)
            batch = batches.make([texts[place] for place in places], 0, device)
            requests = [observer.ask(batch, places) for observer in watching]
            for observer in watching:
                observer.begin(batch, places)
            with torch.inference_mode():
                matrices = made(input_ids=own, output_attentions=True, **caches).attentions
                engine.show(matrices, watching, batch, requests, causal=causal)
            del matrices
            for observer in watching:
                observer.end()

    yield "plain", plain
    yield "attnviz", attnviz
    config = made.config
    cells = shape.sentences * config.num_attention_heads * shape.tokens**2
    size = cells * (config.num_hidden_layers * made.dtype.itemsize + _HELD * 4)
    if size < torch.cuda.mem_get_info()[0]:
        yield "usual", usual


def rows(shape: Shape, seconds: float) -> list[Row]:
    """Times the ways of one shape beside the plain pass."""
    ways = passes(shape)
    _, plain = next(ways)
    result = []
    for way, run in ways:
        try:
            _timed(run)  # compiles, and warms up
            pairs: list[tuple[float, float]] = []
            until = time.perf_counter() + seconds
            while len(pairs) < 3 or time.perf_counter() < until:
                (before, _), (after, _) = _timed(plain), _timed(run)
                pairs.append((before, after))
            (_, of_plain), (_, of_way) = _timed(plain), _timed(run)
        except torch.OutOfMemoryError:
            result.append(Row(shape, way, 0.0, 0.0, 0.0, 0, 0.0, 0.0))
            torch.cuda.empty_cache()
            continue
        result.append(
            Row(
                shape,
                way,
                1e3 * statistics.median(after for _, after in pairs),
                1e3 * statistics.median(before for before, _ in pairs),
                statistics.median(after / before for before, after in pairs),
                len(pairs),
                of_way,
                of_way / of_plain,
            )
        )
    return result


def _timed(run: Callable[[], None]) -> tuple[float, float]:
    """Seconds that a pass takes, and the most MiB that it holds, weights and all."""
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    run()
    torch.cuda.synchronize()
    return time.perf_counter() - start, torch.cuda.max_memory_allocated() / 2**20


def compile_ahead() -> None:
    """Has the kernels for `numbers` compiled side by side: in turn it takes minutes."""
    major, minor = torch.cuda.get_device_capability()
    command = [sys.executable, "-m", "tests.helpers.compiled_kernels", f"{major}{minor}", "--only"]

    def compiled(case: KernelCase) -> str:
        done = subprocess.run([*command, case.name], check=False, capture_output=True, text=True)
        return f"{case.name}: {done.stderr}\n" if done.returncode else ""

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        print("".join(pool.map(compiled, LAYERS)), end="")


def numbers() -> dict[str, str]:
    """Which of the kernels' numbers are off by more than they may be."""
    told = {}
    for case in LAYERS:
        if wrong := beyond(off(case, "triton", "cuda"), case):
            parts = (f"{name} {times:.1f} times what it may be" for name, times in wrong.items())
            told[case.name] = f"OFF: {', '.join(parts)}"
    told["layers"] = f"{len(LAYERS) - len(told)} of {len(LAYERS)} right"
    first, second = (measure(built(LONG[0], "triton", "cuda")) for _ in range(2))
    same = all(torch.equal(getattr(first, name), getattr(second, name)) for name in BOUNDS)
    return told | {"two runs": "the same bytes" if same else "DIFFERENT BYTES"}


def waits() -> dict[str, str]:
    """How often the host waits for the GPU: within the layers of a batch, and at its end."""
    from attnviz.models import tap
    from attnviz.models.run import observe

    texts = engine.text(512, 16)
    made = model(Shape("minilm", "float32", 16, 512, 1.5), tap.install())
    ours = engine.loaded(made, torch.device("cuda"))
    told = {}
    for kernel in ("triton", "tiles"):
        observe(ours, texts, engine.observers(texts), kernel=kernel)  # compiles
        torch.cuda.set_sync_debug_mode("warn")
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                observe(ours, texts, engine.observers(texts), kernel=kernel)
        finally:
            torch.cuda.set_sync_debug_mode("default")
        places = Counter(
            f"{Path(each.filename).name}:{each.lineno}"
            for each in caught
            if "synchroniz" in str(each.message)
        )
        most = ", ".join(f"{place} {many}" for place, many in places.most_common(4))
        told[kernel] = f"{places.total()} waits in 6 layers and a batch ({most or 'none'})"
    return told


def _told(row: Row) -> str:
    shape = row.shape
    what = f"{shape.name:10} {shape.dtype:9} {shape.sentences:>4} x {shape.tokens:<6} {row.way:8}"
    if not row.pairs:
        return f"{what} does not fit"
    goal = f" (goal {shape.goal}, memory {MEMORY})" if row.way == "attnviz" else ""
    return (
        f"{what} {row.milliseconds:8.1f} ms, plain {row.plain:8.1f} ms: {row.slower:6.2f} times, "
        f"memory {row.memory:7.0f} MiB, {row.larger:.2f} times{goal}"
    )


def _tell(told: dict[str, dict[str, str]]) -> None:
    for what, lines in told.items():
        print(f"\n{what}")
        for line in lines.items():
            print("  {}: {}".format(*line))
    print(flush=True)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Cost and numbers of measuring on a GPU.")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seconds", type=float, default=4.0, help="time for each ratio")
    parser.add_argument("--limit", type=float, default=270.0, help="seconds for everything")
    given = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit(
            "This benchmark needs a GPU, and PyTorch sees none here "
            f"(torch {torch.__version__}); nothing was measured."
        )
    if not has_triton():
        sys.exit('This benchmark needs Triton and a C compiler: pip install ".[triton]".')
    start, result = time.perf_counter(), []
    name = torch.cuda.get_device_name()
    print(f"{name}, torch {torch.__version__}\n", flush=True)
    compile_ahead()
    print(f"{time.perf_counter() - start:.0f} s to compile\n", flush=True)
    told = {"numbers": numbers(), "waiting for the GPU": waits()}
    _tell(told)
    for shape in SHAPES:
        if time.perf_counter() - start > given.limit - 3 * given.seconds:
            print(f"{shape.name} {shape.sentences} x {shape.tokens}: no time left", flush=True)
            continue
        for row in rows(shape, given.seconds):
            print(_told(row), flush=True)
            result.append(row)
        torch.cuda.empty_cache()
    if time.perf_counter() - start < given.limit - _REPORTS:
        told["reports"] = gpu_reports.reports()
        _tell({"reports": told["reports"]})
    else:
        print("reports: no time left")
    if time.perf_counter() - start < given.limit - _LARGE:
        told["large models"] = gpu_reports.large()
        _tell({"large models": told["large models"]})
    else:
        print("large models: no time left")
    print(f"\n{time.perf_counter() - start:.0f} s in all")
    if given.json:
        every = {"device": name, "torch": torch.__version__, **told}
        measured = [asdict(row) for row in result]
        given.json.write_text(json.dumps({**every, "rows": measured}, indent=1) + "\n")


if __name__ == "__main__":
    main()
