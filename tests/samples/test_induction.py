"""The sample decoder: it grows an induction head while it is trained, the same in every run."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[2] / "samples" / "induction"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return importlib.import_module("samples.induction.train")


def test_the_script_writes_the_sample_text_again(script: ModuleType) -> None:
    assert (FOLDER / "text.txt").read_bytes() == script.sample_text().encode()


def test_a_text_is_words_that_come_again_in_their_order(script: ModuleType) -> None:
    for line in script.sample_text().splitlines():
        *words, stop = line.split()
        assert (len(words), stop) == (32, ".")
        assert any(words[period:] == words[:-period] for period in range(5, 17))


def test_there_are_ten_checkpoints_and_more_and_all_are_small(checkpoints: list[Path]) -> None:
    assert [folder.name for folder in checkpoints][:3] == ["step-000", "step-025", "step-050"]
    assert len(checkpoints) == 13
    for folder in checkpoints:
        assert sum(file.stat().st_size for file in folder.iterdir()) < 250_000
