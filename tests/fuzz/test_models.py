"""Model folders damaged at random: a run says what is wrong, and no report holds a number that is
none.

`python -m pytest tests/fuzz/test_models.py --fuzz-size 500 --fuzz-seed 1` tries 500 of them.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import shutil
import signal
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from attnviz import cli
from attnviz.errors import ExitCode
from tests.fuzz.mutations import INDEX, mutate
from tests.helpers.models import write_model

pytestmark = pytest.mark.slow

SMALL = 12
"""Damaged folders in the suite; 500 and more on request."""

PATIENCE = 30.0
"""Seconds of the processor that a run of a tiny model may take: far from what any needs."""

_MEMORY = 6 * 2**30
_CODES = {ExitCode.OK, ExitCode.USAGE, ExitCode.INPUT, ExitCode.NOTHING_TO_ANALYSE}
_TEXT = "The dog sat on the mat.\nA cat saw the bird and it ran.\nThen it ran by the tree!\n"
_RUN = ("--format", "json", "--illustrate", "0", "--resamples", "100", "--kernel", "tiles")

_T5 = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2}
_BART = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2}
_BART |= {"decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32}
_MODELS: dict[str, tuple[str, str, dict[str, Any], tuple[str, ...]]] = {
    "bert": ("bert", "", {}, ()),
    "shards": ("bert", "", {}, ()),
    "roberta": ("roberta", "", {}, ()),
    "albert": ("albert", "", {"embedding_size": 8}, ()),
    "gpt2": ("gpt2", "ForCausalLM", {"n_positions": 64}, ("--generate", "3")),
    "llama": ("llama", "ForCausalLM", {"num_key_value_heads": 1}, ()),
    "t5": ("t5", "", _T5 | {"decoder_start_token_id": 0}, ("--target",)),
    "led": ("led", "ForSeq2SeqLM", _BART | {"attention_window": 4}, ("--generate", "3")),
    "deberta": ("deberta-v2", "", {}, ()),
}


@dataclass(frozen=True)
class Ended:
    """How a run ended, and after how many seconds of the processor."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def faults(self) -> str:
        """What is wrong with it, "" for nothing."""
        if self.code not in _CODES or "Traceback" in self.err:
            return f"exit {self.code}: {self.err[-1500:]}"
        if self.seconds > PATIENCE:
            return f"{self.seconds:.0f} s"
        if self.code == ExitCode.OK:
            return _not_finite(self.out)
        return "" if "hint:" in self.err else f"no hint: {self.err}"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("whole")
    folders = {
        name: write_model(root / name, kind, head=head, **config)
        for name, (kind, head, config, _) in _MODELS.items()
    }
    _shard(folders["shards"])
    return folders


def test_damaged_models(
    models: dict[str, Path], tmp_path: Path, fuzz_size: int | None, fuzz_seed: int
) -> None:
    text = tmp_path / "text.txt"
    text.write_text(_TEXT)
    codes, bad = Counter[int](), list[str]()
    slowest = (0.0, "")
    for number in range(fuzz_size or SMALL):
        rng = random.Random(f"{fuzz_seed}.{number}")  # noqa: S311 - no secret
        name = rng.choice(sorted(models))
        folder = tmp_path / "model"
        shutil.copytree(models[name], folder)
        what = mutate(folder, rng)
        ended = _run(folder, text, _MODELS[name][3])
        shutil.rmtree(folder)
        codes[ended.code] += 1
        slowest = max(slowest, (ended.seconds, f"{number} {name}, {what}"))
        if ended.faults:
            bad.append(f"{fuzz_seed}.{number} {name}, {what}: {ended.faults}")
            print(f"\n{bad[-1]}", flush=True)
    print(f"\n{sum(codes.values())} models by exit code: {dict(codes)}")
    print(f"slowest {slowest[0]:.1f} s: {slowest[1]}")
    assert not bad, "\n".join([f"{len(bad)} of {sum(codes.values())}", *bad])


def test_whole_models_run(models: dict[str, Path], tmp_path: Path) -> None:
    """What is damaged above is fine before: or all of the above would be for nothing."""
    text = tmp_path / "text.txt"
    text.write_text(_TEXT)
    for name in ("shards", "t5"):
        ended = _run(models[name], text, _MODELS[name][3])
        assert ended.code == 0, ended.err
        assert not ended.faults


def test_a_number_that_is_none_is_seen() -> None:
    assert "NaN" in _not_finite('{"heads": [{"score": NaN}]}')
    assert not _not_finite('{"heads": [{"score": 1.5}]}')


def _run(folder: Path, text: Path, more: tuple[str, ...]) -> Ended:
    more = (*more, str(text)) if more == ("--target",) else more
    out, err = _Stream(), io.StringIO()
    start = time.process_time()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _limited():
        code = cli.run(["report", str(folder), str(text), *_RUN, *more])
    seconds = time.process_time() - start
    return Ended(code, out.buffer.getvalue().decode(), err.getvalue(), seconds)


class _Stream(io.TextIOWrapper):
    """Standard output that is kept."""

    buffer: io.BytesIO

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8")


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """Little memory, and an end to a run that takes too long; no warnings of transformers' own."""
    import resource  # POSIX

    before = resource.getrlimit(resource.RLIMIT_AS)
    most = psutil.Process().memory_info().vms + _MEMORY
    heard = signal.signal(signal.SIGPROF, _too_long)
    signal.setitimer(signal.ITIMER_PROF, 2 * PATIENCE)
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, heard)


def _too_long(*_: object) -> None:
    raise TimeoutError(f"more than {2 * PATIENCE:.0f} s")


def _not_finite(report: str) -> str:
    """The first number of a report that is NaN or infinite, "" for none."""
    bad: list[str] = []
    parse: Callable[[str], None] = bad.append
    json.loads(report, parse_constant=parse)
    return f"the report holds {bad[0]}" if bad else ""


def _shard(folder: Path) -> None:
    """Divides the weights among two files."""
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    names, where = sorted(tensors), dict[str, str]()
    for part in (0, 1):
        file = f"model-0000{part + 1}-of-00002.safetensors"
        save_file(
            {tensor: tensors[tensor] for tensor in names[part::2]}, folder / file, {"format": "pt"}
        )
        where |= dict.fromkeys(names[part::2], file)
    (folder / "model.safetensors").unlink()
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": where}))
