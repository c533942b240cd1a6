"""Which roles of a head are one fact, so that it is told once.

Roles have the same target on a text where all that they look for is the same: in an encoder the
first token is CLS, in a text without commas all punctuation may end sentences. A head that looks
at one thing then has them all, and so has one whose role lies within a wider one and takes most of
its attention: who looks at the end of the sentence looks at punctuation, and, where every query
does, at a vertical strip.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np

from attnviz.evidence.bootstrap import Array
from attnviz.evidence.judge import Judgement
from attnviz.measurement.fixed import floats
from attnviz.measurement.stream import StreamSums
from attnviz.observers.totals import APART, STRIP, TARGET
from attnviz.roles.role import Role
from attnviz.roles.variants import single_variants

SHARE = 2 / 3
"""A role is told beside another that takes so much of its attention."""

Pair = tuple[str, str]


@dataclass(frozen=True)
class Overlap:
    """How the targets of roles lie to each other on a text.

    `same` are pairs of roles with one target in every sentence; `within` those where the first is
    part of the second. Of roles of shape that look at one key, `strips` [head] by (role, other) is
    the share of their attention in sentences where that key is in the other's target.
    """

    same: frozenset[Pair]
    within: frozenset[Pair]
    strips: Mapping[Pair, Array]


def overlap(roles: Sequence[Role], judgements: Sequence[Judgement], sums: StreamSums) -> Overlap:
    """Compares the targets of all roles that were measured, on all sentences."""
    measured = {
        judgement.role.name: judgement for judgement in judgements if judgement.events.any()
    }
    hashes = {
        role.name: int(sums.totals[f"{TARGET}|{role.name}"][0])
        for role in roles
        if role.name in measured and f"{TARGET}|{role.name}" in sums.totals
    }
    same = {
        pair
        for pair in combinations(hashes, 2)
        if len({hashes[name] for name in pair}) == 1 and _alike(*(measured[name] for name in pair))
    }
    within = {
        pair
        for pair in permutations(hashes, 2)
        if not sums.totals.get("|".join((APART, *pair)), np.ones(1))[0]
    }
    within -= same | {(other, first) for first, other in same}
    return Overlap(frozenset(same), frozenset(within), _strip_shares(roles, sums))


def _strip_shares(roles: Sequence[Role], sums: StreamSums) -> dict[Pair, Array]:
    """The share of each role's mass in sentences where its key is in another's target, [head]."""
    shares: dict[Pair, Array] = {}
    for role in roles:
        whole = sums.totals.get(f"{STRIP}|{role.name}|")
        if whole is None:
            continue
        for other in single_variants(roles):
            on = sums.totals[f"{STRIP}|{role.name}|{other.role.name}"]
            share = floats(on) / np.maximum(floats(whole), 1e-12)
            if share.any():
                shares[role.name, other.role.name] = share
    return shares


def beside(overlaps: Overlap, judgements: Sequence[Judgement], head: int) -> dict[str, str]:
    """Of the roles that a head is told for, those that are one fact with another: role -> that one.

    What leads has no weaker verdict, and is the more specific: of equal targets the first in the
    order of roles, else the narrower, and a role of tokens before one of shape.
    """
    shown = {
        judgement.role.name: judgement
        for judgement in judgements
        if judgement.verdicts[head] not in {"no"}
    }

    def may(name: str, leads: str) -> bool:
        return (
            name in shown
            and leads in shown
            and _strength(shown[leads], head) >= _strength(shown[name], head)
        )

    leading: dict[str, tuple[float, str]] = {}

    def offer(name: str, leads: str, share: float) -> None:
        if may(name, leads) and share >= SHARE and (share, leads) > leading.get(name, (0.0, "")):
            leading[name] = share, leads

    for leads, name in sorted(overlaps.within):
        if name in shown and leads in shown and shown[name].score[head] > 0:
            offer(name, leads, float(shown[leads].score[head] / shown[name].score[head]))
    for (name, leads), shares in overlaps.strips.items():
        offer(name, leads, float(shares[head]))
    for leads, name in sorted(overlaps.same):
        if may(name, leads):
            leading[name] = np.inf, leads
        elif may(leads, name):
            leading[leads] = np.inf, name
    return {name: _last(name, leading) for name in leading}


def _last(name: str, leading: Mapping[str, tuple[float, str]]) -> str:
    """The role that leads in the end, where what leads is itself told beside another."""
    seen = {name}
    while name in leading and leading[name][1] not in seen:
        name = leading[name][1]
        seen.add(name)
    return name


def _strength(judgement: Judgement, head: int) -> int:
    return {"supported": 2, "tentative": 1}.get(judgement.verdicts[head] or "", 0)


def _alike(first: Judgement, other: Judgement) -> bool:
    """Whether two roles have as many events, and chance is the same: if not, no target is."""
    return bool(
        (first.events == other.events).all()
        and np.allclose(first.chance, other.chance, atol=1e-6, equal_nan=True)
    )
