"""`report.html`: one file that opens anywhere, offline, without scripts, and prints."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.report import induction, layers, portraits, relations, spare, whole, words
from attnviz.report.cells import estimate_cells, probe_cells, score_cells, statistic_cells
from attnviz.report.format import Format
from attnviz.report.images import by_sentence, data_uri
from attnviz.report.model import PARTS
from attnviz.report.pages import environment
from attnviz.report.portraits import Portraits
from attnviz.report.rerun import command
from attnviz.report.sentences import Sentences, arrange
from attnviz.report.tables import COLUMNS, Tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attnviz.figures.picture import Picture
    from attnviz.report.model import Report, StatisticInfo

PLAYERS_SHOWN = 10
"""Heads of one role that get a row; the others are named in one line."""

LAYERS_OPEN = 12
"""Models with more layers get their tables of heads folded."""

HALF, MOST = 620, 760
"""Figures up to `HALF` CSS pixels stand side by side, those up to `MOST` have their caption
beside them where the page is broad, wider ones below."""

_INTERVAL = re.compile(r"(?<=\d) \[[−\d.,]+ [−\d.,]+\]")
_HEAD = re.compile(rf"\b(?:(?P<attention>{'|'.join(PARTS)}) )?(?P<name>L\d+H\d+)\b")


@dataclass(frozen=True)
class Part:
    """One part of the page: of an encoder-decoder model's report, or the whole of another's."""

    report: Report
    title: str
    meaning: str
    tables: Tables
    portraits: Portraits
    sentences: Sentences
    maps: Sequence[Picture]
    pictures: Mapping[int | None, Sequence[Picture]]
    statistics: Sequence[StatisticInfo]
    with_heads: Linker

    @property
    def prefix(self) -> str:
        """What the ids of its sections begin with."""
        return f"{self.report.attention}-" if self.title else ""


def write(report: Report, pictures: Sequence[Picture]) -> bytes:
    """The page as UTF-8."""
    page = environment().get_template("report.html.j2")
    return page.render(
        report=report,
        parts=[_part(part, pictures) for part in report.every_part],
        headline=layers.headline(report),
        layer_notes=layers.notes,
        roles=whole.roles(report),
        statistics=whole.statistics(report),
        command=command(report),
        words=words,
        induction=induction,
        portraits=portraits,
        relations=relations,
        spare=spare,
        players_shown=PLAYERS_SHOWN,
        layers_open=LAYERS_OPEN,
        breadth=breadth,
        data_uri=data_uri,
        estimate_cells=estimate_cells,
        probe_cells=probe_cells,
        score_cells=score_cells,
        statistic_cells=statistic_cells,
        with_heads=Linker(report),
    ).encode()


def _part(report: Report, pictures: Sequence[Picture]) -> Part:
    placed = by_sentence(pictures, report.attention)
    title, meaning = words.PARTS.get(report.attention, ("", ""))
    return Part(
        report,
        title,
        meaning,
        Tables(report),
        Portraits(report),
        arrange(report, frozenset(id_ for id_ in placed if id_ is not None)),
        placed.get(None, []),
        placed,
        [one for one in report.statistics if one.name in COLUMNS],
        Linker(report),
    )


def breadth(picture: Picture) -> str:
    """The class of a figure's place on the page."""
    if picture.width <= HALF:
        return ""
    return "beside-caption" if picture.width <= MOST else "wide"


class Linker:
    """Cuts a text at the heads that it names, so that each can be a link to its row.

    A head belongs to the part that was named last, `cross L1H3`, at first to that of the report.
    Intervals stay on one line with their means.
    """

    def __init__(self, report: Report) -> None:
        self._attention = report.attention
        self._known = {head.anchor for part in report.every_part for head in part.heads}

    def __call__(self, text: str) -> list[tuple[str, str]]:
        """The text in pieces, each with the place that it links to, or none."""
        text = _INTERVAL.sub(lambda found: found[0].replace(" ", "\u00a0"), text)
        pieces = []
        end = 0
        attention = self._attention
        for match in _HEAD.finditer(text):
            attention = match["attention"] or attention
            anchor = f"{attention}-{match['name']}".lstrip("-")
            if anchor in self._known:
                pieces += [(text[end : match.start()], ""), (match[0], anchor)]
                end = match.end()
        return [*pieces, (text[end:], "")]


FORMAT = Format(
    name="html",
    filename="report.html",
    about="A page that opens offline, without scripts, and prints.",
    write=write,
)
