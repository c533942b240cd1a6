"""Findings in words: what heads do, how strongly, and what they would do by chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attnviz.baselines.known import title_of
from attnviz.evidence.rules import USUAL, Rules
from attnviz.evidence.similarity import REDUNDANT
from attnviz.figures.captions import listing
from attnviz.measurement.probed import InductionReport
from attnviz.report.enough import lacking
from attnviz.report.layers import listed
from attnviz.report.model import HeadReport, RoleInfo, RoleScore
from attnviz.report.numbers import count, counted, estimate, number

NAMED = 6
"""Heads that are named one by one."""

Place = tuple[int, int]
Heads = Mapping[Place, HeadReport]


def does(role: RoleInfo, heads: int = 1) -> str:
    """What a head of the role does, or several: "looks at commas", "look at commas"."""
    phrase = role.does or f"has the role {role.title}"
    if heads == 1:
        return phrase
    verb, rest = phrase.split(" ", 1)
    verb = {"has": "have"}.get(verb, verb.removesuffix("s"))
    return f"{verb} {f' {rest}'.replace(' its ', ' their ').lstrip()}"


def here(role: RoleInfo, roles: Sequence[RoleInfo]) -> str:
    """The role that is the same fact on this text, in words; "" for none."""
    same = [other.title for other in roles if other.same_as == role.name and not other.absent]
    return f", which here is {listing(same)}" if same else ""


def of_role(
    role: RoleInfo,
    heads: Sequence[HeadReport],
    every: Sequence[HeadReport],
    same: str = "",
    rules: Rules = USUAL,
) -> str:
    """Which of `every` head have the role, the best of these `heads` first, and how strongly."""
    best = heads[0].roles[role.name]
    offset = "offset " if best.variant[:1] in {"+", "-"} else ""
    ahead = best.variant == role.ahead
    said = "for the next word" if ahead else f"{offset}{best.variant}"
    which = f" ({said})" if best.variant else ""
    name = f"{heads[0].full_name}{which}"
    by_chance = (
        "by chance" if role.family == "shape" or role.coverage is not None else "if spread evenly"
    )
    against = f"{number(best.chance)} {by_chance}{_baseline(best)}"
    much = f"with {estimate(best.score, best.low, best.high)} {role.measures} ({against})"
    unsure = "" if best.verdict in {"supported", None} else f" Tentative: {lacking(best, rules)}."
    if len(heads) == 1:
        return f"{name} {does(role)}{same}, {much}.{unsure}"
    of = f"{count(len(heads))} of {counted(len(every), noun(heads[0]))}"
    return f"{of} {does(role, 2)}{same}; {name} most of all, {much}.{unsure}"


def _baseline(best: RoleScore) -> str:
    """What the score is held against beside chance."""
    if best.against == "chance":
        return ""
    return f", {title_of(best.against)} {number(best.baseline)}"


def of_more(roles: Sequence[RoleInfo]) -> str:
    """That there are more roles between words, which may be dozens."""
    has = "has" if len(roles) == 1 else "have"
    return f"{counted(len(roles), 'more role')} between words {has} heads: see the relations."


def of_induction(
    induction: InductionReport, heads: Heads, running: HeadReport | None = None
) -> str:
    """The heads that continue what was there before, on repeated random tokens.

    `running`: the head that does so most in the text itself.
    """
    supported = induction.supported
    best, prefix = supported[0], supported[0].prefix_matching
    name = heads[best.layer, best.head].full_name
    much = (
        f"with {estimate(prefix.score, prefix.low, prefix.high)} of its attention "
        f"({_held_against(best.against, best.baseline)})"
    )
    what = "what followed a token's earlier copies when random tokens repeat (induction)"
    if running is not None:
        score = running.roles["induction"]
        says = estimate(score.score, score.low, score.high)
        much += f"; in the text itself {running.full_name} does, with {says}"
    if len(supported) == 1:
        return f"{name} looks at {what}, {much}."
    of = f"{count(len(supported))} of {counted(len(heads), 'head')}"
    return f"{of} look at {what}; {name} most of all, {much}."


def _held_against(against: str, baseline: float | None) -> str:
    """What else would explain a score on random tokens."""
    if against == "chance":
        return f"{number(baseline)} if spread evenly"
    return f"{title_of(against)} {number(baseline)}"


def of_groups(groups: Sequence[Sequence[Place]], heads: Heads) -> str:
    """The heads that attend like others."""
    ordered = sorted(groups, key=len, reverse=True)
    redundant = counted(sum(map(len, groups)), noun(next(iter(heads.values()))))
    largest = names(ordered[0], heads)
    if len(ordered) == 1:
        who = f"{redundant} attend almost alike: {largest}"
    else:
        who = f"{redundant} in {len(ordered)} groups attend almost alike, the largest {largest}"
    return (
        f"{who} (within a group two heads are surely less than {REDUNDANT} apart, where 0 is "
        "identical and 0.83 nothing in common)."
    )


def of_collapsed(layers: Sequence[int], heads: Heads) -> str:
    """The layers in which nothing tells heads apart."""
    named = listed(layers)
    stream = noun(next(iter(heads.values())), "layer")
    if len(layers) == 1:
        return f"In {stream} {named} all heads attend alike."
    return f"In {count(len(layers))} {stream}s all heads attend alike: {named}."


def noun(head: HeadReport, what: str = "head") -> str:
    """What a head is, or what holds it, to be counted: "encoder head"."""
    kind = "cross-attention" if head.attention == "cross" else head.attention
    return f"{kind} {what}".lstrip()


def names(places: Sequence[Place], heads: Heads) -> str:
    """Heads by their names, as many as are named."""
    first, *others = (heads[place] for place in places[:NAMED])
    parts = [first.full_name, *(head.name for head in others)]
    if len(places) > NAMED:
        parts.append(f"{count(len(places) - NAMED)} more")
    return listing(parts)
