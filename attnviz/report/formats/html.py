"""`report.html`: one file that opens anywhere, offline, without scripts, and prints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attnviz.report import words
from attnviz.report.cells import score_cells, statistic_cells
from attnviz.report.format import Format
from attnviz.report.images import by_sentence, data_uri
from attnviz.report.pages import environment
from attnviz.report.rerun import command
from attnviz.report.sentences import arrange
from attnviz.report.tables import COLUMNS, Tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from attnviz.figures.kind import Picture
    from attnviz.report.model import HeadReport, Report

PLAYERS_SHOWN = 10
"""Heads of one role that get a row; the others are named in one line."""

LAYERS_OPEN = 12
"""Models with more layers get their tables of heads folded."""

HALF, MOST = 620, 760
"""Figures up to `HALF` CSS pixels stand side by side, those up to `MOST` have their caption
beside them where the page is broad, wider ones below."""

_INTERVAL = re.compile(r"(?<=\d) \[[−\d.,]+ [−\d.,]+\]")
_HEAD = re.compile(r"\bL(\d+)H(\d+)\b")


def write(report: Report, pictures: Sequence[Picture]) -> bytes:
    """The page as UTF-8."""
    placed = by_sentence(pictures)
    sentences = arrange(report, frozenset(id_ for id_ in placed if id_ is not None))
    page = environment().get_template("report.html.j2")
    return page.render(
        report=report,
        tables=Tables(report),
        sentences=sentences,
        maps=placed.get(None, []),
        pictures=placed,
        statistics=[one for one in report.statistics if one.name in COLUMNS],
        command=command(report),
        words=words,
        players_shown=PLAYERS_SHOWN,
        layers_open=LAYERS_OPEN,
        breadth=breadth,
        data_uri=data_uri,
        score_cells=score_cells,
        statistic_cells=statistic_cells,
        with_heads=_Linker(report.heads),
    ).encode()


def breadth(picture: Picture) -> str:
    """The class of a figure's place on the page."""
    if picture.width <= HALF:
        return ""
    return "beside-caption" if picture.width <= MOST else "wide"


class _Linker:
    """Cuts a text at the heads that it names, so that each can be a link to its row.

    Intervals stay on one line with their means.
    """

    def __init__(self, heads: Iterable[HeadReport]) -> None:
        self._known = {head.name for head in heads}

    def __call__(self, text: str) -> list[tuple[str, bool]]:
        """The text in pieces; True marks the name of a head that the report has."""
        text = _INTERVAL.sub(lambda found: found[0].replace(" ", "\u00a0"), text)
        pieces = []
        end = 0
        for match in _HEAD.finditer(text):
            if match[0] in self._known:
                pieces += [(text[end : match.start()], False), (match[0], True)]
                end = match.end()
        return [*pieces, (text[end:], False)]


FORMAT = Format(
    name="html",
    filename="report.html",
    about="A page that opens offline, without scripts, and prints.",
    write=write,
)
