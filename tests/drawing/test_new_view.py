"""A view is one new file: here a row of words, as large as their weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.drawing import views as room
from attnviz.drawing.picture_file import picture
from attnviz.drawing.registry import views
from attnviz.drawing.view import DrawingStyle
from tests.helpers.drawn import drawing, random, says, svg

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

FILE = """
from attnviz.drawing.edges import received
from attnviz.drawing.paper import EDGE, paper
from attnviz.drawing.view import View


def draw(drawing, style):
    page = paper(style)
    x, y = EDGE, page.heading("Cloud")
    for key, share in zip(drawing.keys, received(drawing, drawing.panels[0])):
        page.sheet.text(x, y + 20.0, key.text, 6.0 + 10.0 * share)
        x += 40.0
    return page.figure(y + 30.0)


VIEW = View("cloud", "Cloud", "Words as large as what they receive.", draw)
"""


def test_a_view_is_one_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cloud_of_a_test.py").write_text(FILE, encoding="utf-8")
    monkeypatch.setattr(room, "__path__", [*room.__path__, str(tmp_path)])
    drawn = drawing("the cat", random(2))

    assert "cloud" in views()
    assert says(svg("cloud", drawn)) == "Cloud the cat a-model"
    for suffix in (".pdf", ".png"):
        assert picture(views()["cloud"], drawn, DrawingStyle(width=3.3), suffix)
