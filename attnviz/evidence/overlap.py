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
from attnviz.measurement.fixed import Ints, fixed, floats
from attnviz.measurement.stream import StreamSums
from attnviz.roles.role import ArcRule, Role
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


def totals(
    roles: Sequence[Role], sentences: Sequence[Tokens], keys: Sequence[Tokens] | None
) -> dict[str, Ints]:
    """How the targets of roles lie to each other in some sentences, as sums that add up.

    For each role the sum of its targets' hashes, which are the same where the targets are, and
    for each two how many sentences have the first not within the second. `keys` are what
    cross-attention looks at, sentence by sentence.
    """
    columns = _single(roles)
    hashes = dict.fromkeys([column.role.name for column in columns], 0)
    apart = np.zeros((len(columns), len(columns)), np.int64)
    for tokens, looked_at in zip(sentences, keys or sentences, strict=True):
        targets = [column.target(tokens, looked_at) for column in columns]
        for column, target in zip(columns, targets, strict=True):
            hashes[column.role.name] += _hash(tokens, _spelled(target))
        apart += _not_within(targets)
    for role in roles:
        if role.arcs is not None:
            hashes[role.name] = sum(_of_arcs(role.arcs, tokens) for tokens in sentences)
    names = [column.role.name for column in columns]
    return {f"{_TARGET}|{name}": np.array([total]) for name, total in hashes.items()} | {
        f"{_APART}|{names[one]}|{names[other]}": np.array([apart[one, other]])
        for one, other in permutations(range(len(names)), 2)
    }


_TARGET, _APART, _STRIP = "target", "apart", "strip"


def _hash(tokens: Tokens, spelled: bytes) -> int:
    """32 bits, of which two billion add up in 64; others for the same in another sentence."""
    key = tokens.sentence.digest.to_bytes(8, "big")
    return int.from_bytes(blake2b(spelled, digest_size=4, key=key).digest(), "big")


def _of_arcs(rule: ArcRule, tokens: Tokens) -> int:
    """The hash of a sentence's arcs, 0 for none."""
    annotation = tokens.sentence.annotation
    arcs = sorted(set(rule(annotation))) if annotation is not None else []
    return _hash(tokens, repr(arcs).encode()) if arcs else 0


def _spelled(target: Target | None) -> bytes:
    """What a target looks for, the same bytes for the same target."""
    if isinstance(target, KeyTarget):
        asked = target.queries.tobytes() if target.keys.any() else b""
        return b"keys" + target.keys.tobytes() + b"|" + asked
    if isinstance(target, OffsetTarget):
        return repr(target.offsets).encode() + target.queries.tobytes()
    if isinstance(target, MatchTarget):
        return bytes([target.before]) + target.queries.tobytes() + b"|" + target.keys.tobytes()
    if isinstance(target, PairTarget):
        return repr(sorted({*map(tuple, target.pairs.tolist())})).encode()
    return b""


def _not_within(targets: Sequence[Target | None]) -> NDArray[np.bool_]:
    """Whether what one target looks for is no part of what another does, [target, target].

    For queries that both have: targets of no common query are apart, too.
    """
    apart = np.ones((len(targets), len(targets)), np.bool_)
    places = [at for at, target in enumerate(targets) if isinstance(target, KeyTarget)]
    if places:
        known = [target for target in targets if isinstance(target, KeyTarget)]
        keys = np.array([target.keys for target in known])
        queries = np.array([target.queries for target in known])
        some = queries.any(1)
        strange = np.outer(some, some) & ~np.matmul(queries, queries.T)
        apart[np.ix_(places, places)] = strange | np.matmul(keys, ~keys.T)
    for one, other in permutations(range(len(targets)), 2):
        first, second = targets[one], targets[other]
        if isinstance(first, OffsetTarget) and isinstance(second, OffsetTarget):
            apart[one, other] = not set(first.offsets) <= set(second.offsets)
    return apart


def overlap(roles: Sequence[Role], judgements: Sequence[Judgement], sums: StreamSums) -> Overlap:
    """Compares the targets of all roles that were measured, on all sentences."""
    measured = {one.role.name: one for one in judgements if one.events.any()}
    hashes = {
        role.name: int(sums.totals[f"{_TARGET}|{role.name}"][0])
        for role in roles
        if role.name in measured and f"{_TARGET}|{role.name}" in sums.totals
    }
    same = {
        pair
        for pair in combinations(hashes, 2)
        if len({hashes[name] for name in pair}) == 1 and _alike(*(measured[name] for name in pair))
    }
    within = {
        pair
        for pair in permutations(hashes, 2)
        if not sums.totals.get("|".join((_APART, *pair)), np.ones(1))[0]
    }
    within -= same | {(other, one) for one, other in same}
    return Overlap(frozenset(same), frozenset(within), _strip_shares(roles, sums))


def _strip_shares(roles: Sequence[Role], sums: StreamSums) -> dict[Pair, Array]:
    """The share of each role's mass in sentences where its key is in another's target, [head]."""
    shares: dict[Pair, Array] = {}
    for role in roles:
        whole = sums.totals.get(f"{_STRIP}|{role.name}|")
        if whole is None:
            continue
        for other in _single(roles):
            on = sums.totals[f"{_STRIP}|{role.name}|{other.role.name}"]
            share = floats(on) / np.maximum(floats(whole), 1e-12)
            if share.any():
                shares[role.name, other.role.name] = share
    return shares


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


def _single(roles: Sequence[Role]) -> tuple[Column, ...]:
    """The columns of roles on tokens that have one target."""
    return columns_of([role for role in roles if not (role.shape or role.chooses)])


def _alike(one: Judgement, other: Judgement) -> bool:
    """Whether two roles have as many events, and chance is the same: if not, no target is."""
    return bool(
        (one.events == other.events).all()
        and np.allclose(one.chance, other.chance, atol=1e-6, equal_nan=True)
    )


class StripKeeper(Observer):
    """Sees which tokens the one key is that a role of shape looks at, head by head."""

    def __init__(self, roles: Sequence[Role], stream: str = "") -> None:
        self.stream = stream
        mine = [role for role in roles if stream in role.streams]
        self._shapes = [role.shape for role in mine if role.shape and role.shape.keys]
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

    def totals(self) -> dict[str, Ints]:
        """The mass of each role by head, and that in sentences where its key is in a target.

        The latter by the other role's name, heads layer by layer, in fixed point.
        """
        sums: dict[str, Ints] = {}
        for role in self._shapes:
            layers = sorted(layer for layer, name in self._on if name == role.name)
            if not layers:
                continue
            on = np.concatenate([self._on[layer, role.name] for layer in layers])
            whole = np.concatenate([self._all[layer, role.name] for layer in layers])
            sums[f"{_STRIP}|{role.name}|"] = fixed(whole)
            for place, column in enumerate(self._columns):
                sums[f"{_STRIP}|{role.name}|{column.role.name}"] = fixed(on[:, place])
        return sums
