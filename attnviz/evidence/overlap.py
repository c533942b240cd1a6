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
import torch
from numpy.typing import NDArray

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.attention.request import Request
from attnviz.attention.targets import KeyTarget, MatchTarget, OffsetTarget, PairTarget, Target
from attnviz.evidence.judge import Judgement
from attnviz.evidence.scores import Array, Column, columns_of
from attnviz.roles.role import Role, ShapeRole, WordRole
from attnviz.text.types import Tokens

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


def overlap(
    roles: Sequence[Role],
    judgements: Sequence[Judgement],
    sentences: Sequence[Tokens],
    keys: Sequence[Tokens] | None,
    strips: Mapping[Pair, Array],
) -> Overlap:
    """Compares the targets of all roles that were measured, on all sentences.

    `keys` are what cross-attention looks at, sentence by sentence; `strips` as `StripKeeper` has
    them.
    """
    measured = {one.role.name: one for one in judgements if one.events.any()}
    columns = [one for one in _single(roles) if one.role.name in measured]
    asked = {
        pair
        for pair in combinations([one.role.name for one in columns], 2)
        if _alike(*(measured[name] for name in pair))
    }
    same, within = set(asked), set(permutations([one.role.name for one in columns], 2))
    for tokens, looked_at in zip(sentences, keys or sentences, strict=True):
        if not (same or within):
            break
        targets = {one.role.name: one.target(tokens, looked_at) for one in columns}
        same = {(a, b) for a, b in same if _equal(targets[a], targets[b])}
        within = {(a, b) for a, b in within if _inside(targets[a], targets[b])}
    same |= _same_arcs(roles, measured, sentences)
    within -= same | {(b, a) for a, b in same}
    return Overlap(frozenset(same), frozenset(within), strips)


def beside(found: Overlap, judgements: Sequence[Judgement], head: int) -> dict[str, str]:
    """Of the roles that a head is told for, those that are one fact with another: role -> that one.

    What leads has no weaker verdict, and is the more specific: of equal targets the first in the
    order of roles, else the narrower, and a role of tokens before one of shape.
    """
    shown = {one.role.name: one for one in judgements if one.verdicts[head] not in {"no"}}

    def may(name: str, leads: str) -> bool:
        return (
            name in shown
            and leads in shown
            and _strength(shown[leads], head) >= _strength(shown[name], head)
        )

    told: dict[str, tuple[float, str]] = {}

    def offer(name: str, leads: str, share: float) -> None:
        if may(name, leads) and share >= SHARE and (share, leads) > told.get(name, (0.0, "")):
            told[name] = share, leads

    for leads, name in sorted(found.within):
        if name in shown and leads in shown and shown[name].score[head] > 0:
            offer(name, leads, float(shown[leads].score[head] / shown[name].score[head]))
    for (name, leads), shares in found.strips.items():
        offer(name, leads, float(shares[head]))
    for leads, name in sorted(found.same):
        if may(name, leads):
            told[name] = np.inf, leads
        elif may(leads, name):
            told[leads] = np.inf, name
    return {name: _last(name, told) for name in told}


def _last(name: str, told: Mapping[str, tuple[float, str]]) -> str:
    """The role that leads in the end, where what leads is itself told beside another."""
    seen = {name}
    while name in told and told[name][1] not in seen:
        name = told[name][1]
        seen.add(name)
    return name


def _strength(one: Judgement, head: int) -> int:
    return {"supported": 2, "tentative": 1}.get(one.verdicts[head] or "", 0)


def _single(roles: Sequence[Role]) -> list[Column]:
    """The columns of roles on tokens that have one target."""
    every = [one for one in columns_of(roles) if not isinstance(one.role, ShapeRole)]
    names = [one.role.name for one in every]
    return [one for one in every if names.count(one.role.name) == 1]


def _alike(one: Judgement, other: Judgement) -> bool:
    """Whether two roles have as many events, and chance is the same: if not, no target is."""
    return bool(
        (one.events == other.events).all()
        and np.allclose(one.chance, other.chance, atol=1e-6, equal_nan=True)
    )


def _equal(one: Target | None, other: Target | None) -> bool:
    if isinstance(one, KeyTarget) and isinstance(other, KeyTarget):
        asked = (one.queries == other.queries).all() or not (one.keys.any() or other.keys.any())
        return bool(asked and (one.keys == other.keys).all())
    if isinstance(one, OffsetTarget) and isinstance(other, OffsetTarget):
        return one.offsets == other.offsets and bool((one.queries == other.queries).all())
    if isinstance(one, MatchTarget) and isinstance(other, MatchTarget):
        sides = (one.queries == other.queries).all() and (one.keys == other.keys).all()
        return bool(sides and one.before == other.before)
    if isinstance(one, PairTarget) and isinstance(other, PairTarget):
        return {*map(tuple, one.pairs.tolist())} == {*map(tuple, other.pairs.tolist())}
    return False


def _inside(one: Target | None, other: Target | None) -> bool:
    """Whether what one looks for is part of what the other does, for the queries of both."""
    if isinstance(one, KeyTarget) and isinstance(other, KeyTarget):
        apart = (
            one.queries.any() and other.queries.any() and not (one.queries & other.queries).any()
        )
        return not (apart or (one.keys & ~other.keys).any())
    if isinstance(one, OffsetTarget) and isinstance(other, OffsetTarget):
        return set(one.offsets) <= set(other.offsets)
    return False


def _same_arcs(
    roles: Sequence[Role], measured: Mapping[str, Judgement], sentences: Sequence[Tokens]
) -> set[Pair]:
    """Pairs of roles between words with the same pairs of words in every sentence."""
    known = [one for one in roles if isinstance(one, WordRole) and one.name in measured]
    annotations = [one.sentence.annotation for one in sentences if one.sentence.annotation]
    return {
        (one.name, other.name)
        for one, other in combinations(known, 2)
        if _alike(measured[one.name], measured[other.name])
        and all(set(one.arcs(of)) == set(other.arcs(of)) for of in annotations)
    }


class StripKeeper(Observer):
    """Sees which tokens the one key is that a role of shape looks at, head by head."""

    def __init__(self, roles: Sequence[Role], stream: str = "") -> None:
        self.stream = stream
        mine = [role for role in roles if stream in role.streams]
        self._shapes = [role for role in mine if isinstance(role, ShapeRole) and role.keys]
        self._columns = _single(mine)
        self._on: dict[tuple[int, str], NDArray[np.float64]] = {}
        self._all: dict[tuple[int, str], NDArray[np.float64]] = {}

    def begin(self, batch: Batch, places: Sequence[int]) -> Request:  # noqa: ARG002 - an observer
        """Starts a batch."""
        self._content = batch.content
        keys = torch.zeros(len(batch.sentences), batch.looked_at.length, len(self._columns))
        both = zip(batch.sentences, batch.looked_at.sentences, strict=True)
        for row, (tokens, looked_at) in enumerate(both):
            for place, column in enumerate(self._columns):
                target = column.target(tokens, looked_at)
                if isinstance(target, KeyTarget):
                    keys[row, : len(target.keys), place] = torch.from_numpy(target.keys).float()
        self._keys = keys.to(batch.ids.device)
        return Request()

    def see(self, attention: LayerAttention) -> None:
        """Adds one layer of the batch."""
        for role in self._shapes:
            if role.keys is None:
                continue
            mass = role.mass(attention, self._content)
            hit = (role.keys(attention).float() @ self._keys > 0) * mass[..., None]
            at = attention.layer, role.name
            self._on[at] = self._on.get(at, 0.0) + hit.sum(0).cpu().double().numpy()
            self._all[at] = self._all.get(at, 0.0) + mass.sum(0).cpu().double().numpy()

    def shares(self) -> dict[Pair, Array]:
        """The share of each role's mass in sentences where its key is in another's target, [head].

        By (role, other), heads layer by layer.
        """
        found: dict[Pair, Array] = {}
        for role in self._shapes:
            layers = sorted(layer for layer, name in self._on if name == role.name)
            if not layers:
                continue
            on = np.concatenate([self._on[layer, role.name] for layer in layers])
            whole = np.concatenate([self._all[layer, role.name] for layer in layers])
            shares = on / np.maximum(whole, 1e-12)[:, None]
            for place, column in enumerate(self._columns):
                if shares[:, place].any():
                    found[role.name, column.role.name] = shares[:, place]
        return found
