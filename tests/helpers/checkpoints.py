"""The checkpoints of the sample decoder, trained once a run in some seconds."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.helpers.shared import Shared


@pytest.fixture(scope="session")
def checkpoints(shared: Shared) -> list[Path]:
    """The folders of thirteen stages of `samples/induction`, from untrained to trained."""
    return sorted(shared.folder("checkpoints", _train).iterdir())


def _train(folder: Path) -> None:
    import torch

    torch.set_num_threads(1)
    importlib.import_module("samples.induction.train").checkpoints(folder)
