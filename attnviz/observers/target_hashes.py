"""How the targets of roles lie to each other, as sums over sentences that add up."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from attnviz.attention.targets import KeyTarget, MatchTarget, OffsetTarget, PairTarget, Target
from attnviz.measurement.fixed import Ints
from attnviz.observers.totals import APART, TARGET
from attnviz.roles.role import ArcRule, Role
from attnviz.roles.variants import single_variants
from attnviz.text.types import Tokens


def totals(
    roles: Sequence[Role], sentences: Sequence[Tokens], keys: Sequence[Tokens] | None
) -> dict[str, Ints]:
    """How the targets of roles lie to each other in some sentences, as sums that add up.

    For each role the sum of its targets' hashes, which are the same where the targets are, and
    for each two how many sentences have the first not within the second. `keys` are what
    cross-attention looks at, sentence by sentence.
    """
    columns = single_variants(roles)
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
    return {f"{TARGET}|{name}": np.array([total]) for name, total in hashes.items()} | {
        f"{APART}|{names[first]}|{names[other]}": np.array([apart[first, other]])
        for first, other in permutations(range(len(names)), 2)
    }


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
        queries = target.queries.tobytes() if target.keys.any() else b""
        return b"keys" + target.keys.tobytes() + b"|" + queries
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
    for place, other in permutations(range(len(targets)), 2):
        first, second = targets[place], targets[other]
        if isinstance(first, OffsetTarget) and isinstance(second, OffsetTarget):
            apart[place, other] = not set(first.offsets) <= set(second.offsets)
    return apart
