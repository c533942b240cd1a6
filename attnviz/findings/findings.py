"""The findings: plain sentences with numbers, the first thing a reader reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from attnviz.baselines.known import title_of
from attnviz.evidence.bootstrap import FEWEST
from attnviz.evidence.similarity import REDUNDANT
from attnviz.findings.build import UNIFORM
from attnviz.measurement.probed import InductionReport
from attnviz.report.model import Finding, HeadReport, Report, RoleInfo, RoleScore, Similarity
from attnviz.report.numbers import counted, estimate, evidence, number
from attnviz.report.role_heads import in_order, strongest

_NAMED = 6
_GROUPS = 4
_BETWEEN = 6

LEADING = 2
"""Roles of each part that the findings of an encoder-decoder model name."""


def findings(
    heads: Sequence[HeadReport],
    roles: Sequence[RoleInfo],
    similarity: Similarity | None,
    sentences: int,
    induction: InductionReport | None = None,
) -> tuple[Finding, ...]:
    """All findings of one model or part, those about roles first."""
    by_place = {(head.layer, head.head): head for head in heads}
    every = [_overview(heads, sentences)]
    every += _of_roles(roles, by_place)
    if induction is not None and induction.supported:
        every.append(_of_induction(induction, by_place))
    if similarity is not None:
        every += _of_similarity(similarity, by_place)
    return tuple(replace(finding, attention=heads[0].attention) for finding in every)


def lead(parts: Sequence[Report]) -> tuple[Finding, ...]:
    """The first findings of each part, for the report of an encoder-decoder model.

    Its overview, and the roles whose best heads are the furthest above chance, supported ones
    first.
    """
    return tuple(finding for part in parts for finding in _leading(part))


def _leading(part: Report) -> list[Finding]:
    by_place = {(head.layer, head.head): head for head in part.heads}
    every = [finding for finding in part.findings if finding.kind == "overview"]
    roles = {role.name: role for role in part.roles}
    every += [
        _of_role(strong.role, by_place, roles) for strong in strongest(in_order(part), LEADING)
    ]
    return [replace(finding, attention=part.attention) for finding in every]


def _noun(head: HeadReport, noun: str = "head") -> str:
    """What a head is, or what holds it, to be counted: "encoder head"."""
    kind = "cross-attention" if head.attention == "cross" else head.attention
    return f"{kind} {noun}".lstrip()


def _overview(heads: Sequence[HeadReport], sentences: int) -> Finding:
    verdicts = [score.verdict for head in heads for score in head.roles.values()]
    if verdicts and not any(verdicts):
        return _unjudged(heads, sentences)
    supported, tentative = (
        [head for head in heads if any(score.verdict == verdict for score in head.roles.values())]
        for verdict in ("supported", "tentative")
    )
    only_tentative = sum(head not in supported for head in tentative)
    none = len(heads) - len(supported) - only_tentative
    return Finding(
        "overview",
        f"On {counted(sentences, 'sentence')}, {len(supported)} of "
        f"{counted(len(heads), _noun(heads[0]))} have at least one supported role, "
        f"{only_tentative} only tentative ones, and {none} none of those measured.",
        tuple((head.layer, head.head) for head in supported),
    )


def _unjudged(heads: Sequence[HeadReport], sentences: int) -> Finding:
    """What stands in for the overview where there are no verdicts."""
    return Finding(
        "overview",
        f"On {counted(sentences, 'sentence')} there are no verdicts, for intervals take {FEWEST} "
        "units of evidence at least: what follows is what this text shows, and says nothing of "
        f"other text. {sum(bool(head.seen) for head in heads)} of "
        f"{counted(len(heads), _noun(heads[0]))} score above chance in some role by more than its "
        "margin.",
    )


def _own(role: RoleInfo, by_place: dict[tuple[int, int], HeadReport]) -> list[HeadReport]:
    """The heads that the role is told of, and not beside another that is the same fact."""
    return [by_place[place] for place in role.shown if role.name not in by_place[place].beside]


def _of_roles(
    roles: Sequence[RoleInfo], by_place: dict[tuple[int, int], HeadReport]
) -> list[Finding]:
    """One for each role; of those between words, which may be dozens, for the strongest."""
    named = {role.name: role for role in roles}
    had = [role for role in roles if _own(role, by_place)]

    def lead(role: RoleInfo) -> float:
        best = _own(role, by_place)[0].roles[role.name]
        return best.margin_low or (best.score or 0.0) - (best.chance or 0.0)

    between = sorted((role for role in had if role.coverage is not None), key=lead, reverse=True)
    others = {role.name for role in between[_BETWEEN:]}
    every = [_of_role(role, by_place, named) for role in had if role.name not in others]
    if others:
        has = "has" if len(others) == 1 else "have"
        more = counted(len(others), "more role")
        every.append(Finding("role", f"{more} between words {has} heads: see the relations."))
    return every


def _of_role(
    role: RoleInfo,
    by_place: dict[tuple[int, int], HeadReport],
    roles: Mapping[str, RoleInfo],
) -> Finding:
    heads = _own(role, by_place)
    best = heads[0].roles[role.name]
    noun = _noun(heads[0])
    sure = sum(head.roles[role.name].verdict == "supported" for head in heads)
    if best.verdict is None:
        who = f"{counted(len(heads), noun)} above chance, no verdict"
    elif sure:
        who = f"{counted(sure, noun)} supported"
        who += f", {len(heads) - sure} tentative" if sure < len(heads) else ""
    else:
        who = f"{counted(len(heads), noun)}, tentative only"
    offset = "offset " if best.variant[:1] in {"+", "-"} else ""
    at = f" ({offset}{best.variant})" if best.variant else ""
    against = f"chance {number(best.chance)}"
    if best.against != "chance":
        against += f", {title_of(best.against)} {number(best.baseline)}"
    return Finding(
        "role",
        f"{role.title[0].upper()}{role.title[1:]}: {who}; the strongest is "
        f"{heads[0].full_name}{at} with {estimate(best.score, best.low, best.high)} against "
        f"{against}{_mass(best)}, on {evidence(best.sentences, best.events)}."
        f"{_same(role, heads, roles)}",
        tuple((head.layer, head.head) for head in heads),
    )


def _same(role: RoleInfo, heads: Sequence[HeadReport], roles: Mapping[str, RoleInfo]) -> str:
    """The roles that are the same fact: in all sentences of this text, or in single heads."""
    every = [name for name, other in roles.items() if other.same_as == role.name]
    every += [role.same_as] * bool(role.same_as and role.same_as not in heads[0].told)
    beside = dict.fromkeys(name for head in heads for name in head.with_role(role.name))
    same = [roles[name].title for name in beside if name in every]
    says = f" On this text that is the same as {_listed(same)}." if same else ""
    partly = [
        f"as {roles[name].title} in {_listed(_scored(name, having))}"
        for name in beside
        if name not in every
        for having in [[head for head in heads if head.beside.get(name) == role.name]]
    ]
    return f"{says} The same attention counts {_listed(partly)}." if partly else says


def _scored(role: str, heads: Sequence[HeadReport]) -> list[str]:
    """Heads with their scores in a role, as many as are named."""
    named = [f"{head.full_name} ({number(head.roles[role].score)})" for head in heads[:_NAMED]]
    return [*named, f"{len(heads) - _NAMED} more"] if len(heads) > _NAMED else named


def _mass(best: RoleScore) -> str:
    """Of a role between words the attention on the right ones, which tells equals apart."""
    if best.mass is None:
        return ""
    return f", with {number(best.mass)} of the attention on the right words"


def _of_induction(
    induction: InductionReport,
    by_place: dict[tuple[int, int], HeadReport],
) -> Finding:
    supported = induction.supported
    best, prefix = supported[0], supported[0].prefix_matching
    match = "matches" if len(supported) == 1 else "match"
    places = tuple((head.layer, head.head) for head in supported)
    return Finding(
        "induction",
        f"On repeated random tokens {counted(len(supported), 'head')} {match} prefixes; the "
        f"strongest is {by_place[places[0]].full_name} with "
        f"{estimate(prefix.score, prefix.low, prefix.high)} against "
        f"{title_of(best.against)} {number(best.baseline)}, on "
        f"{counted(induction.draws, 'draw')} and {counted(induction.queries, 'token')}.",
        places,
    )


def _of_similarity(
    similarity: Similarity, by_place: dict[tuple[int, int], HeadReport]
) -> list[Finding]:
    every = []
    if similarity.groups:
        groups = sorted(similarity.groups, key=len, reverse=True)
        named = "; ".join(_heads(group, by_place) for group in groups[:_GROUPS])
        more = f"; and {len(groups) - _GROUPS} more" if len(groups) > _GROUPS else ""
        redundant = tuple(place for group in groups for place in group)
        text = (
            f"{counted(len(redundant), 'head')} in {counted(len(groups), 'group')} attend like the "
            f"others of their group (root Jensen-Shannon divergence surely below {REDUNDANT} for "
            f"every two): {named}{more}."
        )
        every.append(Finding("redundant", text, redundant))
    if similarity.collapsed:
        layers = ", ".join(map(str, similarity.collapsed))
        what = counted(len(similarity.collapsed), _noun(next(iter(by_place.values())), "layer"))
        have = "has" if len(similarity.collapsed) == 1 else "have"
        text = f"{what} {have} collapsed, all heads attending alike: {layers}."
        every.append(Finding("collapsed", text))
    if similarity.uniform:
        text = (
            f"{counted(len(similarity.uniform), 'head')} spread attention almost evenly "
            f"(normalised entropy surely above {UNIFORM}): {_heads(similarity.uniform, by_place)}."
        )
        every.append(Finding("uniform", text, similarity.uniform))
    return every


def _heads(places: Sequence[tuple[int, int]], by_place: dict[tuple[int, int], HeadReport]) -> str:
    first, *others = (by_place[place] for place in places[:_NAMED])
    names = [first.full_name, *(head.name for head in others)]
    if len(places) > _NAMED:
        names.append(f"{len(places) - _NAMED} more")
    return _listed(names)


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
