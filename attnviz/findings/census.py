"""What is ordinary in one line, and whether anything tells the heads apart at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from attnviz.figures.captions import listing
from attnviz.findings.phrases import Place, does, noun
from attnviz.report.model import Finding, HeadReport, RoleInfo
from attnviz.report.numbers import count, counted, number

NAMED = 4
"""Roles that the line names; heads of others are counted together."""

FEW_HEADS = 12
"""Of fewer heads it is no wonder that they do the same."""

OUTSIDE = 0.01
"""So large a share of heads may be different by accident where nothing tells heads apart."""


def census(
    heads: Sequence[HeadReport],
    roles: Sequence[RoleInfo],
    said: Collection[Place],
) -> Finding | None:
    """The heads that no finding before has `said` anything of, each counted once.

    They are counted by the first of their roles. None where there is nothing to say.
    """
    others = [head for head in heads if (head.layer, head.head) not in said]
    if not others:
        return None
    first = Counter(head.told[0] if head.told else "" for head in others)
    without = first.pop("", 0)
    infos = {role.name: role for role in roles}
    ranked = [(infos[name], many) for name, many in first.most_common()]
    parts = [f"{count(many)} {does(role, many)}" for role, many in ranked[:NAMED]]
    if rest := sum(many for _, many in ranked[NAMED:]):
        parts.append(f"{count(rest)} {'does' if rest == 1 else 'do'} something else")
    if without:
        shows = "shows" if without == 1 else "show"
        measured = sum(not role.absent for role in roles)
        parts.append(f"{count(without)} {shows} none of the {measured} roles looked for")
    other = "other " if said else ""
    many_heads = counted(len(others), noun(heads[0]))
    if len(others) == 1:
        says = f"The {other or 'only '}{noun(heads[0])} {parts[0].removeprefix('1 ')}."
    elif len(parts) == 1:
        says = f"{'The other' if said else 'All'} {many_heads} {parts[0].partition(' ')[2]}."
    else:
        says = f"Of the {other}{many_heads} {listing(parts)}."
    places = tuple((head.layer, head.head) for head in others)
    return Finding("overview", says, places)


def nothing_apart(heads: Sequence[HeadReport], roles: Sequence[RoleInfo]) -> Finding | None:
    """That all heads have one and the same role of shape, or none; None where some stand out."""
    if len(heads) < FEW_HEADS:
        return None
    told = Counter(frozenset(head.told) for head in heads)
    common, many = told.most_common(1)[0]
    infos = {role.name: role for role in roles}
    families = {infos[name].family for name in common}
    if families - {"shape"} or len(heads) - many > OUTSIDE * len(heads):
        return None
    every = f"{noun(heads[0])}s"
    who = f"all {count(many)}" if many == len(heads) else f"{count(many)} of {count(len(heads))}"
    if not common:
        measured = sum(not role.absent for role in roles)
        says = f"{who} show none of the {measured} roles looked for"
    else:
        alike = [head for head in heads if frozenset(head.told) == common]
        says = f"{who} {listing([_range(infos[name], alike) for name in sorted(common)])}"
        says += ", and show no other role"
    return Finding(
        "alike",
        f"Nothing tells the {every} of this model apart: {says}. A model with random weights "
        "looks like this.",
    )


def _range(role: RoleInfo, heads: Sequence[HeadReport]) -> str:
    """What all heads do alike, from the least to the most."""
    scores = [head.roles[role.name].score or 0.0 for head in heads]
    least, most = number(min(scores)), number(max(scores))
    between = least if least == most else f"{least} to {most}"
    return f"{does(role, 2)} ({between} {role.measures})"
