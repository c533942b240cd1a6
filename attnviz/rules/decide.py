"""From numbers to a status: whether any head, or all, do what a rule asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from attnviz.report.numbers import number
from attnviz.rules.bounds import Bounds
from attnviz.rules.rule import Mass, Rival, Rule, said
from attnviz.rules.verdict import DIGITS, Measured, amount

_TOLD = 3

Holds = bool | None
"""None where there is too little to say."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A number that a rule is held against; `doubt` says why nothing can be said of it, if so.

    `excluded` is another reason why it doesn't do: the verdict that it has.
    """

    measured: Measured
    doubt: str = ""
    excluded: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a rule holds, the numbers that decide, the decisive first, and why it doesn't."""

    holds: Holds
    closest: tuple[Measured, ...]
    reason: str


def decide(rule: Rule, candidates: Sequence[Candidate]) -> Decision:
    """Holds every candidate against the rule; there must be one at least.

    Of `any`, one that surely holds is enough; of `all`, one that surely doesn't is too much.
    """
    held = [_holds(rule, candidate) for candidate in candidates]
    wanted = rule.heads.how == "any"
    if wanted in held:
        holds: Holds = wanted
    else:
        holds = None if None in held else not wanted
    rank = {True: 2, None: 1, False: 0}
    order = sorted(
        range(len(candidates)),
        key=lambda at: (
            rank[held[at]],
            _slack(rule, candidates[at].measured),
            candidates[at].measured.number,
        ),
        reverse=wanted,
    )
    best = [candidates[at] for at in order[:_TOLD]]
    doubtful = [candidates[at] for at in order if held[at] is None]
    if holds is None:
        best = doubtful[:_TOLD]
    reason = "" if holds else _reason(rule, best[0], len(candidates), unsure=holds is None)
    return Decision(holds, tuple(candidate.measured for candidate in best), reason)


def _holds(rule: Rule, candidate: Candidate) -> Holds:
    measured = candidate.measured
    if candidate.excluded:
        return False
    if measured.low is None or measured.high is None:
        return None
    # What fails by its number alone fails, however sure it is.
    if not rule.bounds.hold(measured.number, measured.number):
        return False
    if any(
        not _exceeds(measured.number, other, rival.by) for other, rival in _rivals(rule, measured)
    ):
        return False
    if candidate.doubt:
        return None
    return rule.bounds.hold(measured.low, measured.high)


def _rivals(rule: Rule, measured: Measured) -> Iterator[tuple[float, Rival]]:
    """What each rival gets, with the rival."""
    rivals = rule.subject.more_than if isinstance(rule.subject, Mass) else ()
    return zip(measured.others, rivals, strict=True)


def _exceeds(number: float, other: float, by: float) -> bool:
    return number > other and number - other >= by


def _slack(rule: Rule, measured: Measured) -> float:
    """By how much a number is inside of what is asked; negative outside.

    An interval counts by the end that is nearer to a bound.
    """
    ends = [end for end in (measured.low, measured.high) if end is not None] or [measured.number]
    slack = [rule.bounds.slack(end) for end in ends]
    slack += [measured.number - other - rival.by for other, rival in _rivals(rule, measured)]
    return min(slack)


def _reason(rule: Rule, candidate: Candidate, many: int, *, unsure: bool) -> str:
    """Why the rule doesn't hold, by the candidate that decides."""
    measured = candidate.measured
    of = "the mean" if measured.name == "mean" else measured.name
    if of and rule.heads.how == "any" and many > 1 and not unsure:
        of = f"the closest of {many}, {of},"
    # What misses a bound by little must not look as if it met it.
    rivals = [
        edge for other, rival in _rivals(rule, measured) for edge in (other, other + rival.by)
    ]
    shown = amount(measured, [*rule.bounds.edges, *rivals])
    shown = f"{of} has {shown}" if of else shown
    if unsure:
        return f"{shown}: {candidate.doubt or 'too few sentences for an interval'}"
    if candidate.excluded:
        return f"{shown}, {candidate.excluded}"
    missed = [
        f"{number(other, DIGITS, [measured.number])} to {said(rival.to)}"
        for other, rival in _rivals(rule, measured)
        if not _exceeds(measured.number, other, rival.by)
    ]
    beside = f", beside {' and '.join(missed)}" if missed else ""
    return f"{shown}{beside}{_bound(rule.bounds, measured)}"


def _bound(bounds: Bounds, measured: Measured) -> str:
    """What of an interval misses, where the number itself doesn't."""
    if measured.low is None or measured.high is None or measured.is_exact:
        return ""
    if not bounds.hold(measured.number, measured.number):
        return ""
    low = bounds.hold(measured.low, measured.number)
    return f": its {'upper' if low else 'lower'} bound is not {bounds}"
