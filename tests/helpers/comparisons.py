"""Comparisons of real models that several files look at, made once a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import attnviz
from tests.conftest import SAMPLES

if TYPE_CHECKING:
    from attnviz.api import Comparisons
    from tests.helpers.shared import Shared

TEXT = SAMPLES / "induction" / "text.txt"


@pytest.fixture(scope="session")
def over_training(checkpoints: list[Path], shared: Shared) -> Comparisons:
    """The sample decoder over its thirteen checkpoints."""
    return shared.value("comparisons", lambda: attnviz.compare(checkpoints, TEXT, resamples=400))


@pytest.fixture(scope="session")
def training_page(over_training: Comparisons, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of that comparison, in its folder."""
    return over_training.save(tmp_path_factory.mktemp("comparisons") / "training")
