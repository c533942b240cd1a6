"""Reports on a real model that several files look at, made once a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import attnviz
from tests.conftest import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from attnviz.report.model import Report


@pytest.fixture(scope="session")
def treebank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first thirty sentences of the annotated sample."""
    path: Path = tmp_path_factory.mktemp("annotated") / "thirty.conllu"
    blocks = (SAMPLES / "annotated.conllu").read_text(encoding="utf-8").split("\n\n")[:30]
    path.write_text("\n\n".join(blocks) + "\n\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def annotated_report(treebank: Path) -> Report:
    """MiniLM on thirty annotated sentences."""
    return attnviz.analyze("minilm", treebank, illustrate=0, resamples=100)


@pytest.fixture(scope="session")
def quickstart_report() -> Report:
    """MiniLM on the quickstart."""
    return attnviz.analyze("minilm", SAMPLES / "quickstart.txt", illustrate=0, resamples=100)
