"""The map of layers × heads: what each head does, as cells with their places and colours."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.figures.palette import FAMILIES, ink_on, on_paper, tint
from attnviz.report.cells import Chip, chip, family, heading
from attnviz.report.numbers import count, counted
from attnviz.report.scores import LEAST_SEEN
from attnviz.report.sections.streams import TITLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.report.model import HeadReport, Report, RoleInfo, RoleScore

WIDEST, TALLEST = 400, 380
"""The room of the cells, in pixels; of many heads they are smaller."""

CELL = (30, 24)
"""A cell at most, width and height."""

LEAST = 9
"""A cell at least; a map of more heads is larger than the room."""

LETTERED = 11
"""Smaller cells have no letter: it could not be read."""

LEFT, TOP = 26, 16
SPELT = 24
"""Columns of this width have room for H11, others for 11."""

LABEL = 11
"""Numbers of layers and heads stand no closer than this."""

PALEST = 0.3


@dataclass(frozen=True, slots=True)
class Cell:
    """A head that has a role, at its place in pixels; with an `edge` where that is not supported.

    The edge is its outline, in the family's colour.
    """

    x: int
    y: int
    letter: str
    fill: str
    ink: str
    edge: str
    anchor: str
    title: str


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters of all cells in one ink, and the middle of each as SVG lists it: "31.5 43.5"."""

    ink: str
    x: str
    y: str
    text: str


@dataclass(frozen=True, slots=True)
class Label:
    """The number of a layer or a head, at its place."""

    x: int
    y: int
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """A layer: its heads as one bar of empty cells, `width` pixels from the left."""

    y: int
    width: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A role in the legend, and how many heads are drawn as having it."""

    chip: Chip
    text: str


@dataclass(frozen=True, slots=True)
class HeadMap:
    """A row for each layer, a column for each head; sizes in pixels."""

    title: str
    width: int
    height: int
    cell: tuple[int, int]
    left: int
    font: float
    rows: tuple[Row, ...]
    cells: tuple[Cell, ...]
    layers: tuple[Label, ...]
    heads: tuple[Label, ...]
    legend: tuple[Entry, ...]
    without: str

    @property
    def letters(self) -> tuple[Letters, ...]:
        """The cells' letters, as one text for each ink: an element a letter would be thousands."""
        inks = dict.fromkeys(cell.ink for cell in self.cells if cell.letter)
        return tuple(self._letters(ink) for ink in inks)

    def _letters(self, ink: str) -> Letters:
        wide, high = self.cell
        cells = [cell for cell in self.cells if cell.letter and cell.ink == ink]
        # SVG lists a place for each unit of UTF-16, of which a letter may take two.
        units = [cell for cell in cells for _ in range(_units(cell.letter))]
        return Letters(
            ink,
            " ".join(f"{cell.x + (wide - 1) / 2:g}" for cell in units),
            " ".join(f"{cell.y + high / 2:g}" for cell in units),
            "".join(cell.letter for cell in cells),
        )


def of(report: Report) -> HeadMap | None:
    """The map of one stream; None where it has no heads."""
    if not report.heads:
        return None
    layers = 1 + max(head.layer for head in report.heads)
    heads = 1 + max(head.head for head in report.heads)
    wide, high = (
        max(LEAST, min(most, room // many))
        for most, room, many in zip(CELL, (WIDEST, TALLEST), (heads, layers), strict=True)
    )
    infos = {role.name: role for role in report.roles}
    having = [head for head in report.heads if head.told]
    without = len(report.heads) - len(having)
    shows = "shows" if without == 1 else "show"
    return HeadMap(
        TITLES[report.attention],
        LEFT + heads * wide,
        TOP + layers * high,
        (wide, high),
        LEFT,
        round(min(0.62 * high, 0.72 * wide, 13.0), 1),
        tuple(_rows(report.heads, wide, high)),
        tuple(_cell(head, infos, (wide, high)) for head in having),
        tuple(
            Label(LEFT - 5, TOP + at * high + high // 2, f"L{at}") for at in _named(layers, high)
        ),
        tuple(
            Label(LEFT + at * wide + wide // 2, TOP - 5, f"H{at}" if wide >= SPELT else str(at))
            for at in _named(heads, wide)
        ),
        tuple(_legend(having, infos)),
        f"{count(without)} {shows} none of the roles" if without else "",
    )


def _units(letter: str) -> int:
    return len(letter.encode("utf-16-le", "surrogatepass")) // 2


def _named(many: int, size: int) -> range:
    """The numbers that have room: all, or every second, fifth or tenth."""
    step = next((step for step in (1, 2, 5, 10) if step * size >= LABEL + 3), 20)
    return range(0, many, step)


def _rows(heads: Sequence[HeadReport], wide: int, high: int) -> list[Row]:
    most = Counter[int]()
    for head in heads:
        most[head.layer] = max(most[head.layer], head.head + 1)
    return [Row(TOP + layer * high, many * wide) for layer, many in sorted(most.items())]


def _cell(head: HeadReport, infos: dict[str, RoleInfo], size: tuple[int, int]) -> Cell:
    """A head in the colour of its first role, the paler the weaker."""
    role, score = infos[head.told[0]], head.roles[head.told[0]]
    wide, high = size
    sure = score.verdict == "supported"
    strength = max(0.0, min(score.score or 0.0, 1.0))
    colour = FAMILIES[family(role)]
    fill = tint(colour, PALEST + (1.0 - PALEST) * strength if sure else PALEST * strength)
    return Cell(
        LEFT + head.head * wide,
        TOP + head.layer * high,
        _letter(role, sure=sure) if high >= LETTERED <= wide else "",
        fill,
        ink_on(fill),
        "" if sure else on_paper(colour),
        head.anchor,
        f"{head.name}: {', '.join(infos[each].title for each in head.told)}{_seen_on(score)}",
    )


def _letter(role: RoleInfo, *, sure: bool) -> str:
    return (role.letter.upper() if sure else role.letter.lower())[:1]


def _seen_on(score: RoleScore) -> str:
    """What a role without a verdict rests on."""
    return f" (seen on {counted(score.events, 'token')})" if score.verdict is None else ""


def _legend(heads: Sequence[HeadReport], infos: dict[str, RoleInfo]) -> list[Entry]:
    """The roles that are seen on the map, each with its cells, the most frequent first."""
    told = Counter(head.told[0] for head in heads)
    return [
        Entry(chip(infos[name]), f"{heading(infos[name].title)} {count(many)}")
        for name, many in told.most_common()
    ]


def says(report: Report) -> str:
    """How the map is read."""
    role, without = "its role", "no role"
    sure = "small letters and outlines: not beyond doubt; " if _unsure(report) else ""
    if not report.judged:
        role, without = "what it was seen to do", "nothing of the kind"
        sure = f"seen on {LEAST_SEEN} tokens or more, so outlined and small: no verdict; "
    heads = sum(len(part.heads) for part in report.every_part)
    return (
        f"All {counted(heads, 'head')}: a row for each layer, a column for each head. Colour and "
        f"letter: {role}, of several the most particular; paler: weaker; {sure}empty: {without}. "
        "A cell leads to its head."
    )


def _unsure(report: Report) -> bool:
    return any(
        head.roles[head.told[0]].verdict != "supported"
        for part in report.every_part
        for head in part.heads
        if head.told
    )
