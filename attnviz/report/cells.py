"""What tables and texts of a report are made of: words and numbers as text, and where they lead.

Numbers of one column are also padded, so that their decimal points stand in line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from attnviz.figures.palette import FAMILIES, ink_on
from attnviz.report import numbers
from attnviz.report.model import STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from attnviz.report.model import Estimate, HeadReport, Report, RoleInfo

Bounds = tuple[float | None, float | None, float | None]

_DECIMALS = 4
"""Intervals in tables have no more, however little they differ from what stands beside them."""

_INTERVAL = re.compile(r"(?<=\d) \[[−\d.,]+ [−\d.,]+\]")
_HEAD = re.compile(rf"\b(?:(?P<stream>{'|'.join(STREAMS)}) )?(?P<name>L\d+H\d+)\b")


@dataclass(frozen=True, slots=True)
class Text:
    """Words; `code` and `note` stand behind them."""

    text: str
    code: str = ""
    note: str = ""


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
class Baseline:
    """What a score had to beat: "0.21 positional profile", and in two."""

    text: str
    value: str
    padded: str
    title: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """On how much a score rests: "94 sentences, 1,203 events", and the two counts."""

    text: str
    sentences: str
    events: str


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
class Heads:
    """Heads by their names, and which variant of a role they have."""

    text: str
    heads: tuple[Head, ...]
    variant: str = ""


@dataclass(frozen=True, slots=True)
class Chip:
    """A role's letter on its family's colour, with the words that the colour stands for."""

    letter: str
    colour: str
    ink: str
    title: str


@dataclass(frozen=True, slots=True)
class RoleCell:
    """A role by its title, with where it leads; `note` stands behind it."""

    text: str
    chip: Chip
    note: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class RoleOfHead:
    """A role that a head has: its title and what is to be said of the score."""

    chip: Chip
    says: str


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles that a head has."""

    text: str
    roles: tuple[RoleOfHead, ...]


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


Cell = Text | Number | Interval | Baseline | Evidence | Verdict | Heads | RoleCell | Roles | Linked
"""What a table holds: each has its `text`, for formats that print nothing else."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of cells of one sort.

    `form` says how they are set: "score" (the first interval of a row), "interval", "number",
    "baseline", "evidence", "verdict", "heads", "role", "roles", "linked", or of texts "name",
    "formula" and the like.
    """

    title: str
    form: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of one length."""

    columns: Sequence[Column]

    @property
    def rows(self) -> list[tuple[Cell, ...]]:
        """The cells row by row."""
        return list(zip(*(column.cells for column in self.columns), strict=True))


class _Score(Protocol):
    """Whatever has a score with an interval."""

    @property
    def score(self) -> float | None: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...


class _Evidence(Protocol):
    """Whatever has a verdict and says what it rests on."""

    @property
    def sentences(self) -> int: ...
    @property
    def events(self) -> int: ...
    @property
    def verdict(self) -> str | None: ...


def column(values: Iterable[float | None]) -> list[Number]:
    """A column of numbers."""
    return padded([numbers.number(value) for value in values])


def changes(
    pairs: Sequence[tuple[float | None, float | None]],
) -> tuple[list[Number], list[Number]]:
    """Two columns of numbers, in each row with the decimals that show how the two differ."""
    told = [numbers.change(*pair) for pair in pairs]
    return padded([first for first, _ in told]), padded([second for _, second in told])


def padded(texts: Sequence[str]) -> list[Number]:
    """The same of numbers that are texts already."""
    return [Number(*both) for both in zip(texts, numbers.aligned(texts), strict=True)]


def plain(text: str) -> Number:
    """A number that is set as it is."""
    return Number(text, text)


def texts(title: str, form: str, words: Iterable[str]) -> Column:
    """A column of texts."""
    return Column(title, form, [Text(each) for each in words])


def baselines(every: Sequence[tuple[float | None, str]]) -> Column:
    """The column of what scores had to beat."""
    values = column(value for value, _ in every)
    return Column(
        "Baseline",
        "baseline",
        [
            Baseline(f"{value.text} {title}".strip(), value.text, value.padded, title)
            for value, (_, title) in zip(values, every, strict=True)
        ],
    )


def evidence(every: Iterable[_Evidence]) -> Column:
    """The column of what scores rest on."""
    return Column("Evidence", "evidence", [evidence_of(each) for each in every])


def evidence_of(score: _Evidence) -> Evidence:
    """On how much a score rests."""
    events, sentences = score.events, score.sentences
    says = numbers.evidence(sentences, events)
    return Evidence(says, numbers.count(sentences), numbers.count(events))


def verdicts(every: Iterable[_Evidence]) -> Column:
    """The column of verdicts."""
    return Column("Verdict", "verdict", [verdict(each.verdict) for each in every])


def scores(every: Iterable[_Score | None]) -> list[Interval]:
    """A column of scores; a dash where there is none."""
    return intervals(
        [(score.score, score.low, score.high) if score else (None,) * 3 for score in every]
    )


def estimates(every: Iterable[Estimate | None]) -> list[Interval]:
    """A column of means; a dash where there is none."""
    return intervals(
        [
            (estimate.mean, estimate.low, estimate.high) if estimate else (None,) * 3
            for estimate in every
        ]
    )


def intervals(
    values: Sequence[Bounds], beside: Sequence[float | None] | None = None
) -> list[Interval]:
    """A column of numbers with the bounds of their intervals.

    With the decimals by which each differs from the number that stands `beside` it in its row.
    """
    others = beside or [None] * len(values)
    leasts = [
        numbers.telling(value[0], other, _DECIMALS)
        for value, other in zip(values, others, strict=True)
    ]
    return _with_decimals(values, leasts)


def differences(values: Sequence[Bounds]) -> list[Interval]:
    """A column of differences with the bounds of their intervals, those above 0 with their sign.

    Where 0 is outside an interval, neither its bounds nor what is between them read as 0.
    """
    leasts = [numbers.telling(_nearest_zero(low, high), 0.0) for _, low, high in values]
    return [
        replace(each, text=f"+{each.text}", mean=f"+{each.mean}")
        if value and value > 0 and any(digit in each.mean for digit in "123456789")
        else each
        for each, (value, _, _) in zip(_with_decimals(values, leasts), values, strict=True)
    ]


def _nearest_zero(low: float | None, high: float | None) -> float | None:
    """The bound of an interval that is nearer to 0; None where 0 is in it, or there is none."""
    if low is None or high is None or low <= 0 <= high:
        return None
    return min(low, high, key=abs)


def _with_decimals(values: Sequence[Bounds], leasts: Sequence[int]) -> list[Interval]:
    both = [*zip(values, leasts, strict=True)]
    means = numbers.aligned([numbers.middle(*value, least=least) for value, least in both])
    return [
        Interval(numbers.estimate(*value, least=least), mean, numbers.interval(*value, least=least))
        for mean, (value, least) in zip(means, both, strict=True)
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


def head_cells(*every: HeadReport, variant: str = "") -> Heads:
    """Heads in one cell."""
    names = ", ".join(each.name for each in every) or numbers.NOTHING
    return Heads(f"{names} {variant}".strip(), tuple(map(head, every)), variant)


def role_cells(roles: tuple[RoleOfHead, ...]) -> Roles:
    """Roles in one cell."""
    return Roles(", ".join(role.says for role in roles) or numbers.NOTHING, roles)


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
