"""Heads that could be spared, as far as attention alone can tell."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from attnviz.report.cells import (
    Column,
    Head,
    Linked,
    RoleOfHead,
    Roles,
    Table,
    chip,
    estimates,
    head,
    head_cells,
    linker,
    padded,
    role_cells,
    tentative,
    texts,
)
from attnviz.report.layers import listed, runs
from attnviz.report.numbers import count, counted, estimate, exact, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from attnviz.report.candidates import Criterion, Reason, SpareHead
    from attnviz.report.candidates import Spare as Candidates
    from attnviz.report.model import HeadReport, Report

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
_CLOSEST: Mapping[Reason, str] = {
    "redundant": "is the most like another (root mean Jensen-Shannon divergence)",
    "uniform": "spreads its attention most evenly (normalised entropy)",
    "resting": "gives the most to the first token and special ones",
}
_SAYS_THE_SAME = {"sink", "shape"}
"""Families of roles that only say again why a head is a candidate."""


@dataclass(frozen=True, slots=True)
class Others:
    """Candidates of one layer that get no row: the first and last of each run, or a head twice."""

    layer: int
    runs: tuple[tuple[Head, Head], ...]


@dataclass(frozen=True, slots=True)
class Spare:
    """The candidates: why any is one, and the first of them; `more` counts the `others`."""

    title: str
    says: tuple[Linked, ...]
    caution: str
    reading: str
    reasons: Table | None
    table: Table | None
    more: str
    others: tuple[Others, ...]


def of(report: Report) -> Spare | None:
    """The candidates of one stream; None where none were looked for."""
    spare = report.spare
    if spare is None:
        return None
    linked = linker(report)
    rest = spare.heads[SHOWN:]
    says = filter(None, (_summary(report), _working(spare), _collapsed(spare)))
    return Spare(
        TITLE,
        tuple(map(linked, says)),
        CAUTION,
        READING,
        _reasons(spare.criteria, linked) if spare.heads else None,
        _table(report, spare.heads[:SHOWN], linked) if spare.heads else None,
        count(len(rest)) if rest else "",
        tuple(_others(report, rest)),
    )


def _reasons(every: Sequence[Criterion], linked: Callable[[str], Linked]) -> Table:
    """The reasons, each with what it takes, how many heads it holds for, and its best case."""
    rules = (
        f"{'below' if each.reason == 'redundant' else 'above'} {exact(each.threshold)}"
        for each in every
    )
    return Table(
        (
            texts("Reason", "name", (NAMES[each.reason] for each in every)),
            texts("Score", "quiet", (SCORES[each.reason] for each in every)),
            texts("95% surely", "", rules),
            Column("Heads", "number", padded([count(len(each.heads)) for each in every])),
            Column("Surest, or closest", "linked", [linked(_case(each)) for each in every]),
        )
    )


def _table(report: Report, shown: Sequence[SpareHead], linked: Callable[[str], Linked]) -> Table:
    """The first candidates, with the roles that they have all the same."""
    alike = [each if "redundant" in each.reasons else None for each in shown]
    heads = [report.head(each.layer, each.head) for each in shown]
    reasons = (", ".join(NAMES[reason] for reason in each.reasons) for each in shown)
    like = (
        Column("Like", "linked", [linked(_kept(each) if each else "") for each in alike]),
        texts("Divergence", "quiet", (_apart(each) if each else "" for each in alike)),
    )
    return Table(
        (
            Column("Head", "heads", [head_cells(head) for head in heads]),
            texts("Why", "best", reasons),
            *(like if any(alike) else ()),
            Column("Normalised entropy", "interval", estimates(each.evenness for each in shown)),
            Column("At rest", "interval", estimates(each.resting for each in shown)),
            Column("Roles all the same", "roles", [_roles(report, head) for head in heads]),
        )
    )


def _roles(report: Report, head: HeadReport) -> Roles:
    infos = {role.name: role for role in report.roles}
    every = tuple(
        RoleOfHead(chip(infos[name]), f"{infos[name].title}{tentative(head.roles[name].verdict)}")
        for name in head.told
        if name in infos
    )
    return role_cells(every)


def _others(report: Report, rest: Sequence[SpareHead]) -> Iterable[Others]:
    """The other candidates, layer by layer."""
    places = sorted((each.layer, each.head) for each in rest)
    for layer, heads in groupby(places, key=lambda place: place[0]):
        ends = runs([number for _, number in heads])
        yield Others(
            layer,
            tuple(
                (head(report.head(layer, first)), head(report.head(layer, last)))
                for first, last in ends
            ),
        )


def _summary(report: Report) -> str:
    """How many heads are candidates and why; of none, the ones that come closest."""
    spare = report.spare
    if spare is None:
        return ""
    of = counted(len(report.heads), "head")
    if not spare.heads:
        closest = "; ".join(
            _closest(criterion) for criterion in spare.criteria if criterion.closest
        )
        return f"None of {of} is a candidate{f'. {closest}' if closest else ''}."
    reasons = ", ".join(
        f"{len(criterion.heads)} {_DOING[criterion.reason][len(criterion.heads) > 1]}"
        for criterion in spare.criteria
        if criterion.heads
    )
    several = sum(len(head.reasons) > 1 for head in spare.heads)
    says = f"{len(spare.heads)} of {of} {_is(spare.heads)} by their attention: {reasons}"
    says += f"; {several} for more than one reason." if several else "."
    return " ".join(filter(None, (says, _contradicted(report, spare))))


def _working(spare: Candidates) -> str:
    """The heads that would be candidates, were it not for induction on random tokens."""
    working = spare.working
    if not working:
        return ""
    named = ", ".join(f"{_name(head)} {number(head.induction)}" for head in working[:SHOWN])
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
        for each in (report.head(head.layer, head.head) for head in spare.heads)
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


def _case(criterion: Criterion) -> str:
    if criterion.closest is None:
        return "not measured"
    return f"{_name(criterion.closest)} {_score(criterion.closest, criterion.reason)}"


def _closest(criterion: Criterion) -> str:
    """The head that comes closest to being a candidate, with what it would take."""
    if criterion.closest is None:
        return ""
    takes = "less than" if criterion.reason == "redundant" else "more than"
    return (
        f"{_name(criterion.closest)} {_CLOSEST[criterion.reason]}, "
        f"{_score(criterion.closest, criterion.reason)} where surely {takes} "
        f"{exact(criterion.threshold)} is asked"
    )


def _score(candidate: SpareHead, reason: Reason) -> str:
    if reason == "redundant":
        return f"{_apart(candidate)} from {_kept(candidate)}"
    score = candidate.evenness if reason == "uniform" else candidate.resting
    return estimate(score.mean, score.low, score.high) if score else number(None)


def _name(candidate: SpareHead) -> str:
    return f"L{candidate.layer}H{candidate.head}"


def _kept(candidate: SpareHead) -> str:
    return f"L{candidate.alike.layer}H{candidate.alike.head}" if candidate.alike else ""


def _apart(candidate: SpareHead) -> str:
    """The divergence and its upper bound: "0.08 (at most 0.11)"."""
    if candidate.alike is None:
        return number(None)
    bound = "" if candidate.alike.high is None else f" (at most {number(candidate.alike.high)})"
    return f"{number(candidate.alike.apart)}{bound}"
