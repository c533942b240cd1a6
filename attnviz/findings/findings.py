"""The findings, the most telling first: what is particular, then what is ordinary in one line.

Of all that could be said three to six sentences stand first. The largest fact leads where it is
one: what a third of all heads do. Then the specific before the general, and of these the strong
before the weak.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from attnviz.evidence.rules import USUAL, Rules
from attnviz.findings import phrases
from attnviz.findings.census import census, nothing_apart
from attnviz.measurement.probed import InductionReport
from attnviz.report.model import Finding, HeadReport, Report, RoleInfo, Similarity

FIRST = 5
"""Findings that stand first, beside what is ordinary."""

LARGEST = 1 / 3
"""What so large a share of all heads do leads."""

OF_FAMILY = 2
"""Roles of a family that stand first, and findings of one of several streams."""

BETWEEN = 6
"""Roles between words that are told of one by one; a treebank has dozens."""

WEAK = 0.2
"""On few sentences what is no stronger is not said first: it may well be an accident."""

EVENTS = 3
"""What rests on less than so many events is not said first."""

_TIERS: Mapping[str, int] = {
    **dict.fromkeys(("copy", "syntax", "meaning"), 0),
    **dict.fromkeys(("punctuation", "position"), 1),
    **dict.fromkeys(("sink", "shape"), 3),
}
"""How particular a family of roles is, the most first; what is alike or even stands between."""

RUNNING = "induction"
"""The role that is the same in running text as what is measured on repeated random tokens."""

_ALIKE, _GENERAL = 2, 3
_GENERAL_ROLES = {"local-window", "self"}


@dataclass(frozen=True)
class Candidate:
    """A finding, and what its place among others depends on.

    `tier`: how particular it is, 0 the most; `strength`: how far the best head is beyond what it
    is held against, as a share of what there is to gain; `share` of the heads of its stream;
    `sure`: more than tentative; `enough`: it rests on enough, and no other says it, to stand first.
    """

    finding: Finding
    tier: int
    strength: float
    share: float
    family: str
    sure: bool
    enough: bool = True


def findings(
    heads: Sequence[HeadReport],
    roles: Sequence[RoleInfo],
    similarity: Similarity | None,
    induction: InductionReport | None = None,
    rules: Rules = USUAL,
) -> tuple[Finding, ...]:
    """All findings of one model or part, those that stand first before the others."""
    every = _candidates(heads, roles, similarity, induction, rules)
    judged = _judged(heads)
    alike = None if induction and induction.supported else nothing_apart(heads, roles)
    leading = [] if alike else _leading(every, judged=judged)
    first = [each.finding for each in leading]
    said = {place for finding in first for place in finding.heads}
    last = alike or census(heads, roles, said)
    first += [last] if last else []
    rest = [each.finding for each in every if each not in leading]
    told = [*(replace(finding, first=True) for finding in first), *rest]
    return tuple(replace(finding, attention=heads[0].attention) for finding in told)


def lead(parts: Sequence[Report]) -> tuple[Finding, ...]:
    """The findings that stand first in the report of an encoder-decoder model.

    What is ordinary is one line for all its parts.
    """
    every: list[Candidate] = []
    for part in parts:
        rules = part.options.evidence
        candidates = _candidates(part.heads, part.roles, part.similarity, part.induction, rules)
        every += [
            replace(each, finding=replace(each.finding, attention=part.attention))
            for each in candidates
        ]
    judged = any(_judged(part.heads) for part in parts)
    apart = {
        part.attention: finding
        for part in parts
        for finding in part.findings
        if finding.kind == "alike"
    }
    able = [each for each in every if each.finding.attention not in apart]
    first = [each.finding for each in _leading(able, judged=judged)]
    rest = []
    for part in parts:
        if part.attention in apart:
            continue
        said = {place for each in first if each.attention == part.attention for place in each.heads}
        last = census(part.heads, part.roles, said)
        rest += [last.text] if last else []
    if rest:
        first.append(Finding("overview", " ".join(rest)))
    return tuple(replace(finding, first=True) for finding in (*apart.values(), *first))


def _judged(heads: Sequence[HeadReport]) -> bool:
    """Whether any role has a verdict."""
    verdicts = [score.verdict for head in heads for score in head.roles.values()]
    return any(verdicts) or not verdicts


def _leading(every: Sequence[Candidate], *, judged: bool) -> list[Candidate]:
    """Those that stand first: the largest fact, then the most particular and the strongest."""
    able = [each for each in every if each.enough and (judged or each.strength > WEAK)]
    largest = max(
        able,
        key=lambda each: (each.tier < _GENERAL or each.family == "sink", each.share),
        default=None,
    )
    leading = []
    if largest and largest.share >= LARGEST:
        leading.append(largest)
    # On a few sentences much that seems particular is an accident: there the strongest leads.
    ranked = sorted(
        able, key=lambda each: (not each.sure, each.tier if judged else 0, -each.strength)
    )
    streams = {each.finding.attention for each in able}
    families = Counter((each.finding.attention, each.family) for each in leading)
    of_stream = Counter(each.finding.attention for each in leading)
    for each in ranked:
        if len(leading) == FIRST:
            break
        stream = each.finding.attention
        if each in leading or families[stream, each.family] >= OF_FAMILY:
            continue
        if len(streams) > 1 and of_stream[stream] >= OF_FAMILY:
            continue
        if each.tier == _GENERAL and each.family == "shape" and leading:
            continue
        families[stream, each.family] += 1
        of_stream[stream] += 1
        leading.append(each)
    return leading


def _candidates(
    heads: Sequence[HeadReport],
    roles: Sequence[RoleInfo],
    similarity: Similarity | None,
    induction: InductionReport | None,
    rules: Rules,
) -> list[Candidate]:
    """Everything that could be said, what is about roles first."""
    by_place = {(head.layer, head.head): head for head in heads}
    every = [
        _of_role(role, own, heads, roles, rules)
        for role in roles
        if (own := [by_place[at] for at in role.shown if role.name in by_place[at].told])
    ]
    if _judged(heads):  # what has no verdict beside what has, rests on next to nothing
        every = [
            each
            for each in every
            if by_place[each.finding.heads[0]].roles[each.finding.role].verdict
        ]
    every = _without_many(every, {role.name: role for role in roles})
    if induction is not None and induction.supported:
        running = next((each for each in every if each.finding.role == RUNNING), None)
        every = [replace(each, enough=False) if each is running else each for each in every]
        head = by_place[running.finding.heads[0]] if running else None
        every.append(_of_induction(induction, by_place, head))
    if similarity is not None:
        every += _of_similarity(similarity, by_place)
    return every


def _without_many(every: list[Candidate], roles: Mapping[str, RoleInfo]) -> list[Candidate]:
    """Those without all but the strongest between words, which are counted."""
    between = [each for each in every if roles[each.finding.role].coverage is not None]
    rest = sorted(between, key=lambda each: -each.strength)[BETWEEN:]
    if not rest:
        return every
    text = phrases.of_more([roles[each.finding.role] for each in rest])
    more = replace(rest[0], finding=Finding("role", text), enough=False)
    return [*(each for each in every if each not in rest), more]


def _of_role(
    role: RoleInfo,
    own: Sequence[HeadReport],
    heads: Sequence[HeadReport],
    roles: Sequence[RoleInfo],
    rules: Rules,
) -> Candidate:
    best = own[0].roles[role.name]
    against = best.baseline if best.baseline is not None else best.chance or 0.0
    text = phrases.of_role(role, own, heads, phrases.here(role, roles), rules)
    places = tuple((head.layer, head.head) for head in own)
    return Candidate(
        Finding("role", text, places, role=role.name),
        tier=_GENERAL if role.name in _GENERAL_ROLES else _TIERS.get(role.family, 1),
        strength=((best.score or 0.0) - against) / max(1.0 - against, 1e-9),
        share=len(own) / len(heads),
        family=role.family,
        sure=best.verdict != "tentative",
        enough=best.events >= EVENTS,
    )


def _of_induction(
    induction: InductionReport, heads: phrases.Heads, running: HeadReport | None
) -> Candidate:
    supported = induction.supported
    best = supported[0]
    places = tuple((head.layer, head.head) for head in supported)
    return Candidate(
        Finding("induction", phrases.of_induction(induction, heads, running), places, RUNNING),
        tier=0,
        strength=(best.prefix_matching.score or 0.0) - (best.baseline or 0.0),
        share=len(places) / len(heads),
        family="copy",
        sure=True,
    )


def _of_similarity(similarity: Similarity, heads: phrases.Heads) -> list[Candidate]:
    every = []
    redundant = tuple(place for group in similarity.groups for place in group)

    def add(kind: str, text: str, places: tuple[tuple[int, int], ...], share: float) -> None:
        finding = Finding(kind, text, places)
        every.append(Candidate(finding, _ALIKE, share, share, kind, sure=True))

    if similarity.collapsed:
        layers = len({layer for layer, _ in heads})
        text = phrases.of_collapsed(similarity.collapsed, heads)
        add("collapsed", text, (), len(similarity.collapsed) / layers)
    if redundant:
        text = phrases.of_groups(similarity.groups, heads)
        add("redundant", text, redundant, len(redundant) / len(heads))
    return every
