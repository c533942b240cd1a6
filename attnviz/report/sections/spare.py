"""Heads that could be spared, as far as attention alone can tell."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from attnviz.report.cells import Head, Interval, Linked, chip, estimates, head, linker, tentative
from attnviz.report.layers import listed
from attnviz.report.numbers import count, counted, estimate, exact, number
from attnviz.report.sections.heads import RoleOfHead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from attnviz.report.candidates import Criterion, Reason, SpareHead
    from attnviz.report.candidates import Spare as Candidates
    from attnviz.report.model import Report

TITLE = "Heads that could be spared"
SHOWN = 12
"""Candidates that get a row; the others are named layer by layer."""

CAUTION = (
    "Attention does not measure importance. Heads are removed by what their removal does to the "
    "loss (Michel et al. 2019; Voita et al. 2019), and no head was removed here. A head without a "
    "role may matter and one with a role may not; heads that attend alike move different values; "
    "one that rests here may work on other text, as induction heads do on text that repeats. "
    "These are the heads to try first: remove them, measure, then decide."
)
READING = (
    "Of heads that attend alike one is kept, the one with the least sum of divergences from the "
    "others. At rest is attention to the first token, special tokens and a sink logit, which often "
    "do nothing (Clark et al. 2019; Xiao et al. 2023). A sink is said to begin at 0.3 (Gu et al. "
    "2024); the threshold is higher, to leave little attention for anything else. Bounds are each "
    "head's own. Heads whose output is small for other reasons stay unseen (Sandoval-Segura et al. "
    "2025)."
)
NAMES: Mapping[Reason, str] = {
    "redundant": "redundant",
    "uniform": "near-uniform",
    "resting": "at rest",
}
SCORES: Mapping[Reason, str] = {
    "redundant": "root mean Jensen-Shannon divergence",
    "uniform": "normalised entropy",
    "resting": "attention at rest",
}
_DOING: Mapping[Reason, tuple[str, str]] = {
    "redundant": ("attends like a head that is kept", "attend like a head that is kept"),
    "uniform": ("is near-uniform", "are near-uniform"),
    "resting": ("rests", "rest"),
}
_SAYS_THE_SAME = {"sink", "shape"}
"""Families of roles that only say again why a head is a candidate."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A reason, what it takes, how many heads it holds for, and its best case."""

    name: str
    score: str
    rule: str
    heads: str
    best: Linked


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate; `why` lists its reasons, `roles` those that it has all the same."""

    head: Head
    why: str
    alike: Linked
    apart: str
    evenness: Interval
    resting: Interval
    roles: tuple[RoleOfHead, ...]


@dataclass(frozen=True, slots=True)
class Others:
    """Candidates of one layer that get no row."""

    layer: int
    heads: tuple[Head, ...]


@dataclass(frozen=True, slots=True)
class Spare:
    """The candidates; `pairs` says whether any attends like a head that is kept.

    `more` counts the `others`, which get no row.
    """

    title: str
    says: tuple[Linked, ...]
    caution: str
    reading: str
    reasons: tuple[Measure, ...]
    rows: tuple[Row, ...]
    pairs: bool
    more: str
    others: tuple[Others, ...]


def of(report: Report) -> Spare | None:
    """The candidates of one stream; None where none were looked for."""
    spare = report.spare
    if spare is None:
        return None
    linked = linker(report)
    rows = tuple(_rows(report, spare.heads[:SHOWN], linked))
    rest = spare.heads[SHOWN:]
    return Spare(
        TITLE,
        tuple(map(linked, filter(None, (_summary(report), _working(spare), _collapsed(spare))))),
        CAUTION,
        READING,
        tuple(_measure(each, linked) for each in spare.criteria),
        rows,
        any(row.alike.text for row in rows),
        count(len(rest)) if rest else "",
        tuple(_others(report, rest)),
    )


def _rows(
    report: Report, shown: Sequence[SpareHead], linked: Callable[[str], Linked]
) -> Iterable[Row]:
    columns = estimates(each.evenness for each in shown), estimates(each.resting for each in shown)
    for each, evenness, resting in zip(shown, *columns, strict=True):
        redundant = "redundant" in each.reasons
        of_head = report.head(each.layer, each.head)
        yield Row(
            head(of_head),
            ", ".join(NAMES[reason] for reason in each.reasons),
            linked(_kept(each) if redundant else ""),
            _apart(each) if redundant else "",
            evenness,
            resting,
            tuple(
                RoleOfHead(chip(role), f"{role.title}{tentative(of_head.roles[role.name].verdict)}")
                for name in of_head.told
                for role in report.roles
                if role.name == name
            ),
        )


def _measure(criterion: Criterion, linked: Callable[[str], Linked]) -> Measure:
    side = "below" if criterion.reason == "redundant" else "above"
    return Measure(
        NAMES[criterion.reason],
        SCORES[criterion.reason],
        f"{side} {exact(criterion.threshold)}",
        count(len(criterion.heads)),
        linked(_case(criterion)),
    )


def _others(report: Report, rest: Sequence[SpareHead]) -> Iterable[Others]:
    """The other candidates, layer by layer."""
    places = sorted((each.layer, each.head) for each in rest)
    for layer, heads in groupby(places, key=lambda place: place[0]):
        yield Others(layer, tuple(head(report.head(*place)) for place in heads))


def _summary(report: Report) -> str:
    """How many heads are candidates and why; of none, the ones that come closest."""
    spare = report.spare
    if spare is None:
        return ""
    of = counted(len(report.heads), "head")
    if not spare.heads:
        closest = "; ".join(_closest(one) for one in spare.criteria if one.closest)
        return f"None of {of} is a candidate{f'. Closest are {closest}' if closest else ''}."
    told = ", ".join(
        f"{len(one.heads)} {_DOING[one.reason][len(one.heads) > 1]}"
        for one in spare.criteria
        if one.heads
    )
    several = sum(len(one.reasons) > 1 for one in spare.heads)
    says = f"{len(spare.heads)} of {of} {_is(spare.heads)} by their attention: {told}"
    says += f"; {several} for more than one reason." if several else "."
    return " ".join(filter(None, (says, _contradicted(report, spare))))


def _working(spare: Candidates) -> str:
    """The heads that would be candidates, were it not for induction on random tokens."""
    working = spare.working
    if not working:
        return ""
    named = ", ".join(f"{_name(one)} {number(one.induction)}" for one in working[:SHOWN])
    more = f" and {len(working) - SHOWN} more" if len(working) > SHOWN else ""
    if len(working) == 1:
        having, match, candidates = "head that has", "matches", "is no candidate"
    else:
        having, match, candidates = "heads that have", "match", "are no candidates"
    return (
        f"{count(len(working))} {having} such a reason on this text {match} prefixes on repeated "
        f"random tokens and {candidates}: {named}{more}."
    )


def _collapsed(spare: Candidates) -> str:
    """The layers whose heads all attend alike."""
    layers = spare.collapsed
    if not layers:
        return ""
    if len(layers) == 1:
        return f"Layer {layers[0]} has collapsed: all its heads attend alike."
    return f"Layers {listed(layers)} have collapsed: in each, all heads attend alike."


def _is(heads: Sequence[SpareHead]) -> str:
    return "is a candidate" if len(heads) == 1 else "are candidates"


def _contradicted(report: Report, spare: Candidates) -> str:
    """How many candidates have a supported role that is no other word for resting or evenness."""
    families = {role.name: role.family for role in report.roles}
    having = [
        each
        for each in (report.head(one.layer, one.head) for one in spare.heads)
        if any(
            score.verdict == "supported" and families.get(name) not in _SAYS_THE_SAME
            for name, score in each.roles.items()
        )
    ]
    if not having:
        return ""
    has = "has" if len(having) == 1 else "have"
    return (
        f"{len(having)} of them {has} a supported role all the same, other than of sinks and shape."
    )


def _case(one: Criterion) -> str:
    if one.closest is None:
        return "not measured"
    return f"{_name(one.closest)} {_score(one.closest, one.reason)}"


def _closest(one: Criterion) -> str:
    """The head that comes closest to being a candidate, with what it would take."""
    if one.closest is None:
        return ""
    side = "below" if one.reason == "redundant" else "above"
    return (
        f"{_name(one.closest)} for {SCORES[one.reason]} with "
        f"{_score(one.closest, one.reason)}, which is not surely {side} {exact(one.threshold)}"
    )


def _score(one: SpareHead, reason: Reason) -> str:
    if reason == "redundant":
        return f"{_apart(one)} from {_kept(one)}"
    score = one.evenness if reason == "uniform" else one.resting
    return estimate(score.mean, score.low, score.high) if score else number(None)


def _name(one: SpareHead) -> str:
    return f"L{one.layer}H{one.head}"


def _kept(one: SpareHead) -> str:
    return f"L{one.alike.layer}H{one.alike.head}" if one.alike else ""


def _apart(one: SpareHead) -> str:
    """The divergence and its upper bound: "0.08 (at most 0.11)"."""
    if one.alike is None:
        return number(None)
    bound = "" if one.alike.high is None else f" (at most {number(one.alike.high)})"
    return f"{number(one.alike.apart)}{bound}"
