"""The findings: plain sentences with numbers, the first thing a reader reads."""

from __future__ import annotations

from collections.abc import Sequence

from attnviz.evidence.similarity import REDUNDANT
from attnviz.report.build import UNIFORM
from attnviz.report.model import Finding, HeadReport, RoleInfo, Similarity
from attnviz.report.numbers import counted, estimate, evidence, number

_NAMED = 6
_GROUPS = 4


def findings(
    found: Sequence[HeadReport],
    roles: Sequence[RoleInfo],
    similarity: Similarity | None,
    sentences: int,
) -> tuple[Finding, ...]:
    """All findings, those about roles first."""
    by_place = {(head.layer, head.head): head for head in found}
    told = [_overview(found, sentences)]
    told += [_of_role(role, by_place) for role in roles if role.heads]
    if similarity is not None:
        told += _of_similarity(similarity, by_place)
    return tuple(told)


def _overview(found: Sequence[HeadReport], sentences: int) -> Finding:
    supported, tentative = (
        [head for head in found if any(one.verdict == verdict for one in head.roles.values())]
        for verdict in ("supported", "tentative")
    )
    only_tentative = sum(head not in supported for head in tentative)
    none = len(found) - len(supported) - only_tentative
    return Finding(
        "overview",
        f"On {counted(sentences, 'sentence')}, {len(supported)} of {counted(len(found), 'head')} "
        f"have at least one supported role, {only_tentative} only tentative ones, and {none} none "
        f"of those measured.",
        tuple((head.layer, head.head) for head in supported),
    )


def _of_role(role: RoleInfo, by_place: dict[tuple[int, int], HeadReport]) -> Finding:
    players = [by_place[place] for place in role.heads]
    best = players[0].roles[role.name]
    sure = sum(head.roles[role.name].verdict == "supported" for head in players)
    if sure:
        who = f"{counted(sure, 'head')} supported"
        who += f", {len(players) - sure} tentative" if sure < len(players) else ""
    else:
        who = f"{counted(len(players), 'head')}, tentative only"
    at = f" (offset {best.variant})" if best.variant else ""
    against = f"chance {number(best.chance)}"
    if best.against != "chance":
        against += f", {_BASELINES.get(best.against, best.against)} {number(best.baseline)}"
    return Finding(
        "role",
        f"{role.title[0].upper()}{role.title[1:]}: {who}; the strongest is "
        f"{players[0].name}{at} with {estimate(best.score, best.low, best.high)} against "
        f"{against}, on {evidence(best.sentences, best.events)}.",
        role.heads,
    )


_BASELINES = {"profile": "positional profile", "permuted": "permuted positions"}


def _of_similarity(
    similarity: Similarity, by_place: dict[tuple[int, int], HeadReport]
) -> list[Finding]:
    told = []
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
        told.append(Finding("redundant", text, redundant))
    if similarity.collapsed:
        layers = ", ".join(map(str, similarity.collapsed))
        what = "layer has" if len(similarity.collapsed) == 1 else "layers have"
        text = f"{len(similarity.collapsed)} {what} collapsed, all heads attending alike: {layers}."
        told.append(Finding("collapsed", text))
    if similarity.uniform:
        text = (
            f"{counted(len(similarity.uniform), 'head')} spread attention almost evenly "
            f"(normalised entropy surely above {UNIFORM}): {_heads(similarity.uniform, by_place)}."
        )
        told.append(Finding("uniform", text, similarity.uniform))
    return told


def _heads(places: Sequence[tuple[int, int]], by_place: dict[tuple[int, int], HeadReport]) -> str:
    names = [by_place[place].name for place in places[:_NAMED]]
    if len(places) > _NAMED:
        names.append(f"{len(places) - _NAMED} more")
    return _listed(names)


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
