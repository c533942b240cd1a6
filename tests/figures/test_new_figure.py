"""A figure of a new sort is one new file: here two heads of one sentence side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from attnviz import figures as room
from attnviz.saving import save
from tests.helpers import example
from tests.helpers.pictured import sentence

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

FILE = """
from attnviz.figures.figure import ReportFigure, Subject
from attnviz.figures.matrix import matrix_figure
from attnviz.figures.views import SentenceView
from attnviz.figures.captions import head_name


def subjects(view):
    first, second = view.heads[:2]
    return [Subject((first, second), "difference", "Difference of two heads")]


def draw(view, first, second, style):
    apart = abs(first.attention - second.attention)
    return matrix_figure(apart, view.labels, view.keys, style, title="Difference")


def caption(view, first, second):
    names = " and ".join(head_name(one.layer, one.head) for one in (first, second))
    return f"Where {names} differ."


FIGURE = ReportFigure(
    view=SentenceView,
    name="two-heads",
    title="Two heads",
    about="How two heads of one sentence differ.",
    formula="|a_ij - b_ij|",
    source="none",
    subjects=subjects,
    draw=draw,
    caption=caption,
)
"""


def test_a_figure_of_two_heads_is_one_new_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "two_heads_of_a_test.py").write_text(FILE, encoding="utf-8")
    monkeypatch.setattr(room, "__path__", [*room.__path__, str(tmp_path)])

    drawn = replace(sentence(3), id=2)  # with two heads
    page = save(replace(example.report(sentences=2), illustrations=(drawn,)), tmp_path / "out")

    figures = {path.name for path in (page.parent / "figures" / "s002").iterdir()}
    assert {"difference.png", "difference.svg"} <= figures
    assert "Difference of two heads.</b> Where L0H1 and L1H2 differ." in page.read_text("utf-8")
    markdown = page.with_name("report.md").read_text("utf-8")
    assert "![Difference of two heads](figures/s002/difference.png)" in markdown
