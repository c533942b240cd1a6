"""All that is known of one head: its roles in order, how far it looks, at what, examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.baselines.known import title_of
from attnviz.report.cells import (
    Chip,
    Column,
    Head,
    RoleCell,
    Table,
    baselines,
    chip,
    head,
    heading,
    padded,
    plain,
    scores,
    verdicts,
)
from attnviz.report.numbers import MINUS, counted, estimate, exact, number, percent
from attnviz.report.sections import statistics
from attnviz.report.sections.examples import ExampleText, in_full

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from attnviz.report.head_profiles import Kind, LooksAt, Offsets
    from attnviz.report.model import HeadReport, Report, RoleInfo, RoleScore

NEAR = 3
"""Roles that a head has not, but comes nearest to, that are told with all their numbers."""

KINDS = 4
"""Parts of speech, and as many relations, that are named of a head."""


@dataclass(frozen=True, slots=True)
class Bar:
    """The share of attention at an offset, and of uniform attention there, both in percent.

    `height` and `tick` are the same in hundredths of the head's tallest bar.
    """

    label: str
    own: str
    uniform: str
    height: int
    tick: int


@dataclass(frozen=True, slots=True)
class Chart:
    """The bars drawn: paths on a field `width` wide and 101 high, and their numbers as lines.

    `columns` are the characters that the bars' columns take in a line.
    """

    width: int
    columns: int
    own: str
    uniform: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A paragraph, and what it is about."""

    about: str
    says: str


@dataclass(frozen=True, slots=True)
class RoleExamples:
    """The examples of one role: from both ends of all sentences, and `between`, with a title."""

    chip: Chip
    title: str
    ends: tuple[ExampleText, ...]
    between: tuple[ExampleText, ...]
    range: str


@dataclass(frozen=True, slots=True)
class HeadProfile:
    """One head; what is "" or empty is not to be told.

    `none` says that it has no role, `without` of which roles other heads have the examples.
    """

    head: Head
    none: str
    roles: Table | None
    other_roles: tuple[Note, ...]
    chart: Chart | None
    notes: tuple[Note, ...]
    examples: tuple[RoleExamples, ...]
    without: str


@dataclass(frozen=True, slots=True)
class _Measured:
    """One role with the head's score in it, and what that is held against, in words."""

    role: RoleInfo
    score: RoleScore
    against: str

    @property
    def lead(self) -> float | None:
        """By how much the score beats its baseline, as surely as we know; None if unknown."""
        score = self.score
        if score.margin_low is not None or score.score is None or score.baseline is None:
            return score.margin_low
        return score.score - score.baseline

    @property
    def missing(self) -> float:
        """How much is missing to pass."""
        return float("inf") if self.lead is None else self.role.margin - self.lead


def of(report: Report, of_head: HeadReport) -> HeadProfile:
    """The profile of one head of the report."""
    having, near, rest = _measured(report, of_head)
    return HeadProfile(
        head(of_head),
        "" if of_head.shown else _none(near, rest),
        _table(report, of_head, having) if having else None,
        tuple(_others(near, rest)),
        _chart(bars(of_head.offsets)) if of_head.offsets else None,
        (*_statistics(report, of_head), *_looks(of_head)),
        tuple(_examples(report, of_head)),
        _without(report, of_head),
    )


def _measured(
    report: Report, of_head: HeadReport
) -> tuple[list[_Measured], list[_Measured], list[_Measured]]:
    """All roles measured: those that are told of the head, those nearest to it, the others."""
    every = {
        role.name: _Measured(role, score, title_of(score.against))
        for role in report.roles
        if (score := of_head.roles.get(role.name)) is not None and score.score is not None
        if role.name not in of_head.beside
    }
    having = [every.pop(name) for name in of_head.told if name in every]
    rest = sorted(every.values(), key=lambda each: (each.missing, each.role.name))
    near = [each for each in rest if each.score.verdict is not None][:NEAR]
    return having, near, [each for each in rest if each not in near]


def _none(near: Sequence[_Measured], rest: Sequence[_Measured]) -> str:
    measured = counted(len(near) + len(rest), "role")
    if not near:
        return f"Of the {measured} measured none is above chance by more than its margin here."
    return f"It has none of the {measured} measured."


def _table(report: Report, of_head: HeadReport, having: Sequence[_Measured]) -> Table:
    """The roles that the head has; the lower bound of score - baseline must exceed the margin."""
    every = [each.score for each in having]
    roles = [
        RoleCell(
            each.role.title,
            chip(each.role),
            " ".join(filter(None, (each.score.variant, _also(report, of_head, each.role.name)))),
        )
        for each in having
    ]
    bounds = [
        number(each.lead)
        + " (no interval)" * (each.score.margin_low is None and each.lead is not None)
        for each in having
    ]
    return Table(
        (
            Column("Role", "role", roles),
            Column("Score", "score", scores(every)),
            baselines([(each.score.baseline, each.against) for each in having]),
            Column("Lower bound", "number", list(map(plain, bounds))),
            Column("Margin", "number", padded([exact(each.role.margin) for each in having])),
            verdicts(every),
        )
    )


def _also(report: Report, of_head: HeadReport, role: str) -> str:
    """The roles that are one fact with another, in words with their scores."""
    titles = {info.name: info.title for info in report.roles}
    also = [
        f"{titles[name]} {estimate(score.score, score.low, score.high)} against "
        f"{number(score.baseline)}"
        for name in of_head.with_role(role)
        for score in [of_head.roles[name]]
    ]
    return f"also {', '.join(also)}" if also else ""


def _others(near: Sequence[_Measured], rest: Sequence[_Measured]) -> Iterable[Note]:
    """The roles that the head has not: the nearest with all their numbers, the others in short."""
    if near:
        yield Note("Nearest to passing", f": {'; '.join(map(_nearly, near))}.")
    if rest:
        others = (
            f"{each.role.title} {number(each.score.score)} ({number(each.lead)})" for each in rest
        )
        yield Note("Others", f", score and lower bound: {'; '.join(others)}.")


def _nearly(each: _Measured) -> str:
    score = each.score
    return (
        f"{each.role.title} {estimate(score.score, score.low, score.high)} against "
        f"{each.against} {number(score.baseline)}, lower bound {number(each.lead)} of "
        f"{exact(each.role.margin)}"
    )


def bars(offsets: Offsets) -> tuple[Bar, ...]:
    """How far the head looks: a bar for each offset, and one for all beyond on either side."""
    last = offsets.first + len(offsets.own) - 1
    both = zip(offsets.own, offsets.uniform, strict=True)
    shares = [(_offset(offsets.first + at), *pair) for at, pair in enumerate(both)]
    if offsets.first < 0:
        shares.insert(0, (f"<{_offset(offsets.first)}", *offsets.before))
    if last > 0:
        shares.append((f">{_offset(last)}", *offsets.after))
    most = max(max(own, uniform) for _, own, uniform in shares) or 1.0
    return tuple(
        Bar(
            label,
            _hundredths(own),
            _hundredths(even),
            round(100 * own / most),
            round(100 * even / most),
        )
        for label, own, even in shares
    )


def _chart(drawn: Sequence[Bar]) -> Chart:
    """The bars side by side, ten wide, in columns of four characters."""
    starts = range(0, 10 * len(drawn), 10)
    pairs = list(zip(starts, drawn, strict=True))
    rows = (
        ("of its attention", [bar.own for bar in drawn]),
        ("of uniform attention", [bar.uniform for bar in drawn]),
        ("offset in tokens", [bar.label for bar in drawn]),
    )
    return Chart(
        10 * len(drawn),
        4 * len(drawn),
        "".join(f"M{start + 5} 100v-{bar.height}" for start, bar in pairs if bar.height),
        "M0 100.5h"
        + str(10 * len(drawn))
        + "".join(f"M{start} {100 - bar.tick}h10" for start, bar in pairs),
        tuple("".join(f"{text:>4}" for text in texts) + f"  {name}" for name, texts in rows),
    )


def _statistics(report: Report, of_head: HeadReport) -> tuple[Note, ...]:
    """The statistics that have no column, as a paragraph."""
    says = statistics.others(report, of_head)
    return (Note("Further statistics", f": {says}."),) if says else ()


def _looks(of_head: HeadReport) -> tuple[Note, ...]:
    """What its words look at, as paragraphs; none where they look at none, or are unknown."""
    looks = of_head.looks_at
    if looks is None or not looks.words:
        return ()
    return tuple(
        Note(f"{name} of the word looked at most", f": {says}.")
        for name, says in (
            ("Part of speech", _named(looks.parts_of_speech)),
            ("Relation", _relations(looks)),
        )
        if says
    )


def _examples(report: Report, of_head: HeadReport) -> Iterable[RoleExamples]:
    """The examples of each role that has any, in the order of its roles."""
    infos = {role.name: role for role in report.roles}
    for name in of_head.told:
        own = [each for each in of_head.examples if each.role == name]
        if own and name in infos:
            ends, between = (
                tuple(in_full(each, report.options.scale) for each in own if bool(each.tenth) is at)
                for at in (False, True)
            )
            yield RoleExamples(
                chip(infos[name]),
                heading(infos[name].title),
                ends,
                between,
                f"The whole range: {counted(len(between), 'sentence')} between, a tenth apart",
            )


def _without(report: Report, of_head: HeadReport) -> str:
    """The roles of a head that have no examples, for those of other heads are shown."""
    having = {each.role for each in of_head.examples}
    titles = {role.name: role.title for role in report.roles}
    names = [titles.get(name, name) for name in of_head.told if name not in having]
    return f"No examples of {', '.join(names)}: other heads show more." if names else ""


def _offset(value: int) -> str:
    return f"{MINUS if value < 0 else ''}{abs(value)}"


def _hundredths(share: float) -> str:
    """A share in whole percent, for a narrow bar."""
    return "<1" if 0 < share < 0.005 else f"{round(100 * share)}"


def _named(kinds: Sequence[Kind]) -> str:
    return ", ".join(f"{kind.name} {_against(kind)}" for kind in kinds[:KINDS])


def _relations(looks: LooksAt) -> str:
    says = ", ".join(f"{kind.to} {_against(kind)}" for kind in looks.tree)
    named = ", ".join(
        f"{kind.to} by {kind.name} {_against(kind)}" for kind in looks.relations[:KINDS]
    )
    return f"{says}; {named}" if named else says


def _against(kind: Kind) -> str:
    times = counted(round(kind.count), "time")
    return f"{percent(kind.share)} (at random {percent(kind.base)}; {times})"
