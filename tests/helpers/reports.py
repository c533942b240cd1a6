"""Reports on a real model that several files look at, made once a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import attnviz
from tests.conftest import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from attnviz.report.model import Report
    from tests.helpers.shared import Shared


@pytest.fixture(scope="session")
def treebank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first thirty sentences of the annotated sample."""
    path: Path = tmp_path_factory.mktemp("annotated") / "thirty.conllu"
    blocks = (SAMPLES / "annotated.conllu").read_text(encoding="utf-8").split("\n\n")[:30]
    path.write_text("\n\n".join(blocks) + "\n\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def annotated_report(treebank: Path, shared: Shared) -> Report:
    """MiniLM on thirty annotated sentences."""
    return shared.value("annotated-report", lambda: _analyzed(treebank))


@pytest.fixture(scope="session")
def quickstart_report(shared: Shared) -> Report:
    """MiniLM on the quickstart."""
    return shared.value("quickstart-report", lambda: _analyzed(SAMPLES / "quickstart.txt"))


def _analyzed(text: Path) -> Report:
    return attnviz.analyze("minilm", text, illustrate=0, resamples=100)
