"""What tables and texts of a report are made of: words and numbers as text, and where they lead.

Numbers of one column are also padded, so that their decimal points stand in line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from attnviz.figures.palette import FAMILIES, ink_on
from attnviz.report import numbers
from attnviz.report.model import PARTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from attnviz.report.model import Estimate, HeadReport, Report, RoleInfo

Bounds = tuple[float | None, float | None, float | None]

_INTERVAL = re.compile(r"(?<=\d) \[[−\d.,]+ [−\d.,]+\]")
_HEAD = re.compile(rf"\b(?:(?P<stream>{'|'.join(PARTS)}) )?(?P<name>L\d+H\d+)\b")


@dataclass(frozen=True, slots=True)
class Number:
    """A number as text, and padded to be set flush right."""

    text: str
    padded: str


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its interval as text, and in two: `mean` is padded, to be set flush right."""

    text: str
    mean: str
    bounds: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict in words, and its name; "none" where there is none."""

    text: str
    name: str


@dataclass(frozen=True, slots=True)
class Head:
    """A head, and its place on a page."""

    name: str
    full_name: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Chip:
    """A role's letter on its family's colour, with the words that the colour stands for."""

    letter: str
    colour: str
    ink: str
    title: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text with the place that it leads to, "" for none."""

    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Linked:
    """A text, and the same cut at the heads that it names.

    In `pieces` intervals stay on one line with their means.
    """

    text: str
    pieces: tuple[Piece, ...]


class _Score(Protocol):
    """Whatever has a score with an interval."""

    @property
    def score(self) -> float | None: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...


def column(values: Iterable[float | None]) -> list[Number]:
    """A column of numbers."""
    return padded([numbers.number(value) for value in values])


def padded(texts: Sequence[str]) -> list[Number]:
    """The same of numbers that are texts already."""
    return [Number(*both) for both in zip(texts, numbers.aligned(texts), strict=True)]


def scores(every: Iterable[_Score | None]) -> list[Interval]:
    """A column of scores; a dash where there is none."""
    return _intervals([(one.score, one.low, one.high) if one else (None,) * 3 for one in every])


def estimates(every: Iterable[Estimate | None]) -> list[Interval]:
    """A column of means; a dash where there is none."""
    return _intervals([(one.mean, one.low, one.high) if one else (None,) * 3 for one in every])


def _intervals(values: Sequence[Bounds]) -> list[Interval]:
    means = numbers.aligned([numbers.middle(*value) for value in values])
    return [
        Interval(numbers.estimate(*value), mean, numbers.interval(*value))
        for mean, value in zip(means, values, strict=True)
    ]


def verdict(of: str | None) -> Verdict:
    """A verdict, or that there is none."""
    return Verdict(of or numbers.NOTHING, of or "none")


def tentative(of: str | None) -> str:
    """What follows a score that is tentative only."""
    return " (tentative)" if of == "tentative" else ""


def head(report: HeadReport) -> Head:
    """A head by its names."""
    return Head(report.name, report.full_name, report.anchor)


def chip(role: RoleInfo) -> Chip:
    """The role's mark, as figures have it."""
    colour = FAMILIES[family(role)]
    return Chip(role.letter, colour, ink_on(colour), role.title)


def family(role: RoleInfo) -> str:
    """The family that gives a role its colour."""
    return role.family if role.family in FAMILIES else "none"


def heading(text: str) -> str:
    """The text with a capital."""
    return text[:1].upper() + text[1:]


def linker(report: Report) -> Callable[[str], Linked]:
    """What finds the heads that a text names.

    A head belongs to the stream that was named last, `cross L1H3`, at first to the report's.
    """
    known = {head.anchor for part in report.every_part for head in part.heads}

    def linked(text: str) -> Linked:
        kept = _INTERVAL.sub(lambda match: match[0].replace(" ", "\u00a0"), text)
        pieces, end, stream = [], 0, report.attention
        for match in _HEAD.finditer(kept):
            stream = match["stream"] or stream
            anchor = f"{stream}-{match['name']}".lstrip("-")
            if anchor in known:
                pieces += [Piece(kept[end : match.start()], ""), Piece(match[0], anchor)]
                end = match.end()
        return Linked(text, (*pieces, Piece(kept[end:], "")))

    return linked
