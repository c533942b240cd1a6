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
from hashlib import blake2b
from itertools import combinations, permutations
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer, Wants
from attnviz.attention.targets import KeyTarget, MatchTarget, OffsetTarget, PairTarget, Target
from attnviz.evidence.judge import Judgement
from attnviz.evidence.scores import Array, Column, columns_of
from attnviz.roles.role import ArcRule, Role
from attnviz.text.types import Tokens

SHARE = 2 / 3
"""A role is told beside another that takes so much of its attention."""

Pair = tuple[str, str]
K = TypeVar("K")

_BYTES = 16
_HASHES = 1 << 8 * _BYTES
_ZERO = np.zeros(1)


@dataclass(frozen=True)
class Strips:
    """Of roles of shape that look at one key, where that key lies: sums that add.

    `mass` [head] by role is its mass; `on` [head] by (role, other) that in sentences where the key
    is in the other's target.
    """

    mass: Mapping[str, Array]
    on: Mapping[Pair, Array]

    def __add__(self, other: Strips) -> Strips:
        """Those of two runs together."""
        return Strips(_added(self.mass, other.mass), _added(self.on, other.on))


@dataclass(frozen=True)
class Compared:
    """How the targets of roles lie to each other on some sentences: these add.

    `same` are pairs of roles with one target in every sentence; `within` those where the first is
    part of the second, the same ones among them. `arcs` has for each role between words a number
    that is the same for roles with the same pairs of words in every sentence: a sum of hashes.
    """

    same: frozenset[Pair]
    within: frozenset[Pair]
    arcs: Mapping[str, int]
    strips: Strips

    def __add__(self, other: Compared) -> Compared:
        """That of two texts together; a role between words that one of them lacks has no arcs."""
        names = {*self.arcs, *other.arcs}
        return Compared(
            self.same & other.same,
            self.within & other.within,
            {name: (self.arcs.get(name, 0) + other.arcs.get(name, 0)) % _HASHES for name in names},
            self.strips + other.strips,
        )


@dataclass(frozen=True)
class Overlap:
    """How the targets of the measured roles lie to each other on a text.

    `same` are pairs of roles with one target in every sentence; `within` those where the first is
    part of the second. Of roles of shape that look at one key, `strips` [head] by (role, other) is
    the share of their attention in sentences where that key is in the other's target.
    """

    same: frozenset[Pair]
    within: frozenset[Pair]
    strips: Mapping[Pair, Array]


def compare(
    roles: Sequence[Role],
    sentences: Sequence[Tokens],
    keys: Sequence[Tokens] | None,
    strips: Strips,
) -> Compared:
    """Compares the targets of all roles on some sentences.

    `keys` are what cross-attention looks at, sentence by sentence; `strips` as `StripKeeper` has
    them.
    """
    columns = {column.role.name: column for column in _single(roles)}
    same, within = set(combinations(columns, 2)), set(permutations(columns, 2))
    for tokens, looked_at in zip(sentences, keys or sentences, strict=True):
        alive = {name for pair in same | within for name in pair}
        targets = {name: columns[name].target(tokens, looked_at) for name in alive}
        same = {(a, b) for a, b in same if _equal(targets[a], targets[b])}
        within = {(a, b) for a, b in within if _inside(targets[a], targets[b])}
    arcs = {role.name: _hashed(role.arcs, sentences) for role in roles if role.arcs is not None}
    return Compared(frozenset(same), frozenset(within), arcs, strips)


def overlap(roles: Sequence[Role], compared: Compared, judgements: Sequence[Judgement]) -> Overlap:
    """What was compared, of the roles that were measured, in the order of `roles`."""
    measured = {one.role.name for one in judgements if one.events.any()}
    between = [one.name for one in roles if one.name in compared.arcs and one.name in measured]
    same = {pair for pair in compared.same if measured.issuperset(pair)} | {
        (a, b) for a, b in combinations(between, 2) if compared.arcs[a] == compared.arcs[b]
    }
    within = {pair for pair in compared.within if measured.issuperset(pair)}
    within -= same | {(b, a) for a, b in same}
    strips = compared.strips
    shares = {
        (role, other): mass / np.maximum(strips.mass[role], 1e-12)
        for (role, other), mass in strips.on.items()
        if mass.any()
    }
    return Overlap(frozenset(same), frozenset(within), shares)


def beside(targets: Overlap, judgements: Sequence[Judgement], head: int) -> dict[str, str]:
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

    for leads, name in sorted(targets.within):
        if name in shown and leads in shown and shown[name].score[head] > 0:
            offer(name, leads, float(shown[leads].score[head] / shown[name].score[head]))
    for (name, leads), shares in targets.strips.items():
        offer(name, leads, float(shares[head]))
    for leads, name in sorted(targets.same):
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


def _single(roles: Sequence[Role]) -> tuple[Column, ...]:
    """The columns of roles on tokens that have one target."""
    return columns_of([role for role in roles if not (role.shape or role.chooses)])


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


def _hashed(rule: ArcRule, sentences: Sequence[Tokens]) -> int:
    """A sum of hashes of each sentence's arcs, if it has any."""
    total = 0
    for tokens in sentences:
        annotation = tokens.sentence.annotation
        arcs = sorted(set(rule(annotation))) if annotation else []
        if arcs:
            told = f"{tokens.sentence.digest} {arcs}".encode()
            total += int.from_bytes(blake2b(told, digest_size=_BYTES).digest(), "big")
    return total % _HASHES


def _added(own: Mapping[K, Array], other: Mapping[K, Array]) -> dict[K, Array]:
    """Sums by name; what one of them lacks is zero there."""
    names = dict.fromkeys((*own, *other))
    return {name: own.get(name, _ZERO) + other.get(name, _ZERO) for name in names}


class StripKeeper(Observer):
    """Sees which tokens the one key is that a role of shape looks at, head by head."""

    def __init__(self, roles: Sequence[Role], stream: str = "") -> None:
        self.stream = stream
        mine = [role for role in roles if stream in role.streams]
        self._shapes = [role.shape for role in mine if role.shape and role.shape.keys]
        self._columns = _single(mine)
        self._on: dict[tuple[int, str], NDArray[np.float64]] = {}
        self._all: dict[tuple[int, str], NDArray[np.float64]] = {}

    def begin(self, batch: Batch, places: Sequence[int]) -> Wants:  # noqa: ARG002 - an observer
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
        return Wants()

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

    def strips(self) -> Strips:
        """What was seen, heads layer by layer."""
        mass: dict[str, Array] = {}
        on: dict[Pair, Array] = {}
        for role in self._shapes:
            layers = sorted(layer for layer, name in self._on if name == role.name)
            if not layers:
                continue
            mass[role.name] = np.concatenate([self._all[layer, role.name] for layer in layers])
            hits = np.concatenate([self._on[layer, role.name] for layer in layers])
            for place, column in enumerate(self._columns):
                on[role.name, column.role.name] = hits[:, place]
        return Strips(mass, on)
