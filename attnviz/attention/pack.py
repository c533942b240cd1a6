"""The targets of a batch as tensors, so that a kernel reads all of them off a layer in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attnviz.attention.targets import KeyTarget, MatchTarget, OffsetTarget, PairTarget, Target
from attnviz.attention.transfer import to_device

Row = Sequence[Target | None]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PackedTargets:
    """The targets of a batch, those stated alike together.

    A column is stated alike in all sentences; one that a sentence lacks is empty there. `keys`
    [batch, key, key column] and `key_queries` [batch, query, key column]; `offsets` lists
    (offset column, offset) with `offset_queries` [batch, query, offset column]; `pairs` [pair, 4]
    holds (sentence, query, key, pair column), sorted, for `pair_columns` columns; `match_queries`
    [batch, query, match column] and `match_keys` [batch, key, match column] are labels, -1 for
    none, and `match_before` says which match columns look to the left only. `order` [column] says
    where each column stands in key, offset, pair and match columns and one that is always empty.
    """

    keys: Tensor
    key_queries: Tensor
    offsets: tuple[tuple[int, int], ...]
    offset_queries: Tensor
    pairs: Tensor
    pair_columns: int
    match_queries: Tensor
    match_keys: Tensor
    match_before: tuple[bool, ...]
    order: Tensor
    packed: PackedTargets | None = None

    @property
    def on_host(self) -> PackedTargets:
        """The same on the host, where they were packed: nobody waits for a device to say them."""
        return self if self.packed is None else self.packed

    def to(self, device: torch.device) -> PackedTargets:
        """The same on a device."""
        if device.type == "cpu":
            return self
        parts = {each.name: getattr(self, each.name) for each in fields(self)}
        there: dict[str, Any] = {
            name: to_device(part, device)
            for name, part in parts.items()
            if isinstance(part, Tensor)
        }
        return replace(self, **there, packed=self)


def pack(targets: Sequence[Row], queries: int, keys: int, device: torch.device) -> PackedTargets:
    """Packs targets [sentence][column], padded to so many queries and keys."""
    columns = [_alike(column, keys) for column in zip(*targets, strict=True)]
    targets = [[column[sentence] for column in columns] for sentence in range(len(targets))]
    types = [_type(column) for column in columns]
    of_keys, of_offsets, of_pairs, of_matches = (
        [column for column, stated in enumerate(types) if stated is wanted]
        for wanted in (KeyTarget, OffsetTarget, PairTarget, MatchTarget)
    )
    every = [*of_keys, *of_offsets, *of_pairs, *of_matches]
    places = {column: at for at, column in enumerate(every)}
    seen, seen_by = _pack_keys(targets, of_keys, queries, keys)
    offsets, offset_queries = _pack_offsets(targets, of_offsets, queries)
    labels, labels_by, before = _pack_matches(targets, of_matches, queries, keys)
    return PackedTargets(
        keys=torch.from_numpy(seen),
        key_queries=torch.from_numpy(seen_by),
        offsets=offsets,
        offset_queries=torch.from_numpy(offset_queries),
        pairs=torch.from_numpy(_pack_pairs(targets, of_pairs)),
        pair_columns=len(of_pairs),
        match_queries=torch.from_numpy(labels_by),
        match_keys=torch.from_numpy(labels),
        match_before=before,
        order=torch.tensor(
            [places.get(column, len(places)) for column in range(len(columns))], dtype=torch.int64
        ),
    ).to(device)


def _alike(column: Row, keys: int) -> Row:
    """A column whose sentences have the same offsets, and look the same way, as it is.

    Kernels know one list of offsets a column, for which all sentences share one sum. Where
    sentences differ, each states its own as pairs, which say the same.
    """
    rules = {
        target.offsets if isinstance(target, OffsetTarget) else target.before
        for target in column
        if isinstance(target, OffsetTarget | MatchTarget)
    }
    return column if len(rules) < 2 else [_as_pairs(target, keys) for target in column]


def _as_pairs(target: Target | None, keys: int) -> Target | None:
    """The same target as pairs, if it is one of offsets or labels."""
    if isinstance(target, OffsetTarget):
        query = target.queries.nonzero()[0][:, None]
        key = query + np.unique(target.offsets)
        inside = (key >= 0) & (key < keys)
        pairs = np.stack(np.broadcast_arrays(query, key), -1)[inside]
        return PairTarget(pairs, len(target.queries))
    if isinstance(target, MatchTarget):
        queries = len(target.queries)
        return PairTarget(np.argwhere(target.part((0, queries), (0, len(target.keys)))), queries)
    return target


def _type(column: Row) -> type[Target] | None:
    """How a column's targets are stated, None where it has none, or none with a key for anyone.

    Such a column costs the kernels nothing.
    """
    there = [target for target in column if target is not None]
    types = {type(target) for target in there}
    if len(types) > 1:
        raise TypeError(f"one column mixes {sorted(stated.__name__ for stated in types)}")
    return None if all(map(_empty, there)) else types.pop()


def _empty(target: Target) -> bool:
    if isinstance(target, PairTarget):
        return not len(target.pairs)
    if isinstance(target, MatchTarget):
        return not (target.queries >= 0).any()
    return not target.queries.any()


def _pack_keys(
    targets: Sequence[Row], columns: Sequence[int], queries: int, keys: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    seen = np.zeros((len(targets), keys, len(columns)), np.float32)
    seen_by = np.zeros((len(targets), queries, len(columns)), np.float32)
    for sentence, row in enumerate(targets):
        for slot, target in enumerate(row[column] for column in columns):
            if isinstance(target, KeyTarget):
                seen[sentence, : len(target.keys), slot] = target.keys
                seen_by[sentence, : len(target.queries), slot] = target.queries
    return seen, seen_by


def _pack_offsets(
    targets: Sequence[Row], columns: Sequence[int], queries: int
) -> tuple[tuple[tuple[int, int], ...], NDArray[np.float32]]:
    chosen = np.zeros((len(targets), queries, len(columns)), np.float32)
    offsets: dict[int, tuple[int, ...]] = {}
    for sentence, row in enumerate(targets):
        for slot, target in enumerate(row[column] for column in columns):
            if isinstance(target, OffsetTarget):
                chosen[sentence, : len(target.queries), slot] = target.queries
                offsets[slot] = tuple(dict.fromkeys(target.offsets))
    return tuple((slot, k) for slot, ks in sorted(offsets.items()) for k in ks), chosen


def _pack_pairs(targets: Sequence[Row], columns: Sequence[int]) -> Ints:
    pairs = [np.zeros((0, 4), np.int64)]
    for sentence, row in enumerate(targets):
        for slot, target in enumerate(row[column] for column in columns):
            if isinstance(target, PairTarget):
                ends = np.empty((len(target.pairs), 4), np.int64)
                ends[:, 0], ends[:, 1:3], ends[:, 3] = sentence, target.pairs, slot
                pairs.append(ends)
    every = np.concatenate(pairs)
    return every[np.lexsort((every[:, 3], every[:, 1], every[:, 0]))]


def _pack_matches(
    targets: Sequence[Row], columns: Sequence[int], queries: int, keys: int
) -> tuple[Ints, Ints, tuple[bool, ...]]:
    of_keys = np.full((len(targets), keys, len(columns)), -1, np.int64)
    of_queries = np.full((len(targets), queries, len(columns)), -1, np.int64)
    before = [False] * len(columns)
    for sentence, row in enumerate(targets):
        for slot, target in enumerate(row[column] for column in columns):
            if isinstance(target, MatchTarget):
                of_keys[sentence, : len(target.keys), slot] = target.keys
                of_queries[sentence, : len(target.queries), slot] = target.queries
                before[slot] = target.before
    return of_keys, of_queries, tuple(before)
