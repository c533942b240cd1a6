"""The checkpoints of the sample decoder, trained once a session in some seconds."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The folders of thirteen stages of `samples/induction`, from untrained to trained."""
    import torch

    script = importlib.import_module("samples.induction.train")
    torch.set_num_threads(1)
    folders: list[Path] = script.checkpoints(tmp_path_factory.mktemp("checkpoints"))
    return folders
