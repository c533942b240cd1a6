"""The section about heads that could be spared: what it says, and its tables."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from attnviz.report.layers import listed
from attnviz.report.numbers import count, counted, estimate, exact, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attnviz.report.candidates import Criterion, Reason, Spare, SpareHead
    from attnviz.report.model import Estimate, HeadReport, Report
    from attnviz.report.tables import Player, Tables

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
class Row:
    """One candidate; `why` lists its reasons, `players` are the roles that it has all the same."""

    head: HeadReport
    why: str
    alike: str
    apart: str
    evenness: Estimate | None
    resting: Estimate | None
    players: tuple[Player, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """A reason, what it takes, how many heads it holds for, and its best case."""

    name: str
    score: str
    rule: str
    heads: int
    best: str


def summary(part: Report) -> str:
    """How many heads are candidates and why; of none, the ones that come closest."""
    found = part.spare
    if found is None:
        return ""
    of = counted(len(part.heads), "head")
    if not found.heads:
        closest = "; ".join(_closest(one) for one in found.criteria if one.closest)
        return f"None of {of} is a candidate{f'. Closest are {closest}' if closest else ''}."
    told = ", ".join(
        f"{len(one.heads)} {_DOING[one.reason][len(one.heads) > 1]}"
        for one in found.criteria
        if one.heads
    )
    several = sum(len(one.reasons) > 1 for one in found.heads)
    says = f"{len(found.heads)} of {of} {_is(found.heads)} by their attention: {told}"
    says += f"; {several} for more than one reason." if several else "."
    return " ".join(filter(None, (says, _contradicted(part, found))))


def working(part: Report) -> str:
    """The heads that would be candidates, were it not for induction on random tokens."""
    found = part.spare.working if part.spare else ()
    if not found:
        return ""
    named = ", ".join(f"{_name(one)} {number(one.induction)}" for one in found[:SHOWN])
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    if len(found) == 1:
        having, match, candidates = "head that has", "matches", "is no candidate"
    else:
        having, match, candidates = "heads that have", "match", "are no candidates"
    return (
        f"{count(len(found))} {having} such a reason on this text {match} prefixes on repeated "
        f"random tokens and {candidates}: {named}{more}."
    )


def collapsed(part: Report) -> str:
    """The layers whose heads all attend alike."""
    if part.spare is None or not part.spare.collapsed:
        return ""
    layers = part.spare.collapsed
    if len(layers) == 1:
        return f"Layer {layers[0]} has collapsed: all its heads attend alike."
    return f"Layers {listed(layers)} have collapsed: in each, all heads attend alike."


def reasons(part: Report) -> tuple[Measure, ...]:
    """The three reasons, each with its threshold and its best case."""
    return tuple(
        Measure(
            NAMES[one.reason],
            SCORES[one.reason],
            f"{'below' if one.reason == 'redundant' else 'above'} {exact(one.threshold)}",
            len(one.heads),
            _case(one),
        )
        for one in (part.spare.criteria if part.spare else ())
    )


def rows(part: Report, tables: Tables) -> tuple[Row, ...]:
    """The first candidates: those with the most reasons, then the surest."""
    players = {head.name: players for layer in tables.layers for head, players in layer.rows}
    return tuple(
        Row(
            head := part.head(one.layer, one.head),
            ", ".join(NAMES[reason] for reason in one.reasons),
            _kept(one) if "redundant" in one.reasons else "",
            _apart(one) if "redundant" in one.reasons else "",
            one.evenness,
            one.resting,
            players[head.name],
        )
        for one in (part.spare.heads[:SHOWN] if part.spare else ())
    )


REASONS = ("Reason", "Score", "95% surely", "Heads", "Surest, or closest")
HEADER = ("Head", "Why", "Like", "Divergence", "Normalised entropy", "At rest", "Roles")


def reason_cells(part: Report) -> tuple[tuple[str, ...], ...]:
    """The table of the three reasons as text."""
    return tuple(
        (one.name, one.score, one.rule, count(one.heads), one.best) for one in reasons(part)
    )


def cells(row: Row) -> tuple[str, ...]:
    """A candidate's row as text; the last cell, its roles, may hold anything."""
    estimates = (
        estimate(one.mean, one.low, one.high) if one else number(None)
        for one in (row.evenness, row.resting)
    )
    roles = ", ".join(one.role.title for one in row.players)
    return row.head.name, row.why, row.alike, row.apart, *estimates, roles or number(None)


def others(part: Report) -> tuple[tuple[int, tuple[HeadReport, ...]], ...]:
    """The other candidates, layer by layer."""
    left = sorted((one.layer, one.head) for one in (part.spare.heads if part.spare else ())[SHOWN:])
    return tuple(
        (layer, tuple(part.head(*place) for place in places))
        for layer, places in groupby(left, key=lambda place: place[0])
    )


def _is(heads: Sequence[SpareHead]) -> str:
    return "is a candidate" if len(heads) == 1 else "are candidates"


def _contradicted(part: Report, found: Spare) -> str:
    """How many candidates have a supported role that is no other word for resting or evenness."""
    families = {role.name: role.family for role in part.roles}
    having = [
        head
        for head in (part.head(one.layer, one.head) for one in found.heads)
        if any(
            score.verdict == "supported" and families.get(name) not in _SAYS_THE_SAME
            for name, score in head.roles.items()
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
    found = one.evenness if reason == "uniform" else one.resting
    return estimate(found.mean, found.low, found.high) if found else number(None)


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
