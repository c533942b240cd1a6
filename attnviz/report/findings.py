"""The findings: plain sentences with numbers, the first thing a reader reads."""

from __future__ import annotations

from collections.abc import Sequence

from attnviz.report.model import Finding, HeadReport, RoleInfo, Similarity
from attnviz.report.numbers import counted, estimate, evidence, number

_NAMED = 6


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
    supported = [
        head for head in found if any(r.verdict == "supported" for r in head.roles.values())
    ]
    tentative = [
        head
        for head in found
        if head not in supported and any(r.verdict == "tentative" for r in head.roles.values())
    ]
    none = len(found) - len(supported) - len(tentative)
    parts = []
    if supported:
        parts.append(f"{len(supported)} have at least one supported role")
    if tentative:
        parts.append(f"{len(tentative)} only tentative ones")
    if none:
        parts.append(f"{none} none of those measured")
    return Finding(
        "overview",
        f"Of {counted(len(found), 'head')}, {_listed(parts)}, "
        f"on {counted(sentences, 'sentence')}.",
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


_BASELINES = {"profile": "positional profile", "null": "permuted positions"}


def _of_similarity(
    similarity: Similarity, by_place: dict[tuple[int, int], HeadReport]
) -> list[Finding]:
    told = []
    for group in similarity.groups:
        told.append(
            Finding(
                "redundant",
                f"{_heads(group, by_place)} attend alike: the root Jensen-Shannon divergence of "
                f"every two of them is below 0.15.",
                tuple(group),
            )
        )
    for layer in similarity.collapsed:
        told.append(Finding("collapsed", f"Layer {layer} has collapsed: all its heads attend alike."))
    if similarity.uniform:
        told.append(
            Finding(
                "uniform",
                f"{counted(len(similarity.uniform), 'head')} spread attention almost evenly "
                f"(normalised entropy above 0.9): {_heads(similarity.uniform, by_place)}.",
                similarity.uniform,
            )
        )
    return told


def _heads(places: Sequence[tuple[int, int]], by_place: dict[tuple[int, int], HeadReport]) -> str:
    names = [by_place[place].name for place in places[:_NAMED]]
    if len(places) > _NAMED:
        names.append(f"{len(places) - _NAMED} more")
    return _listed(names)


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
