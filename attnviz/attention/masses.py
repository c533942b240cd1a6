"""The attention mass on targets: many targets of one batch, read off a layer in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from attnviz.attention.layer import LayerAttention
from attnviz.attention.targets import KeyTarget, OffsetTarget, PairTarget, Target


@dataclass(frozen=True)
class PackedTargets:
    """The targets of a batch as tensors, column by column.

    A column is of one kind in all sentences; one that a sentence lacks is empty there.
    `keys` and `key_queries` [batch, token, key column]; `offsets` lists (column, offset) with
    `offset_queries` [batch, token, offset column]; `pairs` [pair, 4] holds (sentence, query,
    key, column).
    """

    columns: int
    key_columns: Tensor
    keys: Tensor
    key_queries: Tensor
    offset_columns: Tensor
    offsets: tuple[tuple[int, int], ...]
    offset_queries: Tensor
    pairs: Tensor


def pack(
    targets: Sequence[Sequence[Target | None]], length: int, device: torch.device
) -> PackedTargets:
    """Packs targets [sentence][column], padded to `length` tokens."""
    columns = len(targets[0])
    kinds = [_kind([row[column] for row in targets]) for column in range(columns)]
    key_columns = [c for c in range(columns) if kinds[c] is KeyTarget]
    offset_columns = [c for c in range(columns) if kinds[c] is OffsetTarget]
    keys = np.zeros((len(targets), length, len(key_columns)), dtype=np.float32)
    key_queries = np.zeros_like(keys)
    offset_queries = np.zeros((len(targets), length, len(offset_columns)), dtype=np.float32)
    offsets: dict[int, tuple[int, ...]] = {}
    pairs: list[np.ndarray] = [np.zeros((0, 4), dtype=np.int64)]
    for sentence, row in enumerate(targets):
        for column, target in enumerate(row):
            if isinstance(target, KeyTarget):
                slot = key_columns.index(column)
                keys[sentence, : len(target.keys), slot] = target.keys
                key_queries[sentence, : len(target.queries), slot] = target.queries
            elif isinstance(target, OffsetTarget):
                slot = offset_columns.index(column)
                offset_queries[sentence, : len(target.queries), slot] = target.queries
                offsets[slot] = target.offsets
            elif isinstance(target, PairTarget):
                ends = np.full(len(target.pairs), sentence), np.full(len(target.pairs), column)
                pairs.append(np.column_stack([ends[0], target.pairs, ends[1]]))
    return PackedTargets(
        columns=columns,
        key_columns=torch.tensor(key_columns, dtype=torch.long, device=device),
        keys=torch.from_numpy(keys).to(device),
        key_queries=torch.from_numpy(key_queries).to(device),
        offset_columns=torch.tensor(offset_columns, dtype=torch.long, device=device),
        offsets=tuple((slot, k) for slot, ks in offsets.items() for k in ks),
        offset_queries=torch.from_numpy(offset_queries).to(device),
        pairs=torch.from_numpy(np.concatenate(pairs)).to(device),
    )


def _kind(column: Sequence[Target | None]) -> type[Target] | None:
    kinds = {type(target) for target in column if target is not None}
    if len(kinds) > 1:
        raise TypeError(f"one column mixes {sorted(kind.__name__ for kind in kinds)}")
    return kinds.pop() if kinds else None


def masses(attention: LayerAttention, targets: PackedTargets) -> Tensor:
    """Mass s_i = sum over S_i of a_ij of every query in Q: [batch, head, query, column].

    Queries outside Q have 0. On `attention.uniform` this is the chance level, and positive
    exactly for the queries whose target is visible.
    """
    weights = attention.weights
    batch, heads, length, _ = weights.shape
    out = weights.new_zeros(batch, heads, length, targets.columns)
    if len(targets.key_columns):
        on_keys = weights @ targets.keys[:, None]
        out[..., targets.key_columns] = on_keys * targets.key_queries[:, None]
    if targets.offsets:
        out[..., targets.offset_columns] = (
            _on_offsets(weights, targets) * targets.offset_queries[:, None]
        )
    if len(targets.pairs):
        sentence, query, key, column = targets.pairs.unbind(1)
        cells = weights[sentence, :, query, key]  # [pair, head]
        where = (sentence * length + query) * targets.columns + column
        flat = weights.new_zeros(batch * length * targets.columns, heads)
        flat.index_add_(0, where, cells)
        out += flat.view(batch, length, targets.columns, heads).permute(0, 3, 1, 2)
    return out


def _on_offsets(weights: Tensor, targets: PackedTargets) -> Tensor:
    """Mass on the offsets of each offset column: [batch, head, query, offset column]."""
    length = weights.shape[-1]
    out = weights.new_zeros(*weights.shape[:-1], targets.offset_queries.shape[-1])
    for slot, offset in targets.offsets:
        if abs(offset) < length:
            first = max(0, -offset)
            diagonal = weights.diagonal(offset, -2, -1)
            out[..., first : first + diagonal.shape[-1], slot] += diagonal
    return out
