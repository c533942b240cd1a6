"""Targets laid out for the fused kernel: most of them cost it nothing.

Sums over the content queries are made for every key and every offset anyway. A target on keys or
offsets whose queries are the content queries is read off these sums; where its queries are
others, single rows put it right. What is left are single cells and labels, looked up row by row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from attnviz.attention.kernels.arrays import Array, Cells, KeyRows, Matches, Tables
from attnviz.attention.mask import Mask
from attnviz.attention.pack import PackedTargets


@dataclass(frozen=True, slots=True)
class Lookup:
    """The targets of a batch, as `rows` and `fused` want them.

    `tables` has what is looked up row by row; `columns` counts key, offset, pair and match
    columns, in this order. `on_keys` [batch, key, key column] and `on_offsets` [batch, offset,
    offset column] are 1 where sums over the content queries count; these offsets stand at the
    places `offsets` among all.
    """

    targets: PackedTargets
    tables: Tables
    columns: int
    on_keys: Array
    on_offsets: Array
    offsets: Array

    @classmethod
    def of(cls, targets: PackedTargets, content: Array) -> Lookup:
        """From a batch's targets and its content queries, boolean [batch, query]."""
        key_base, key_signs = _base(targets.key_queries.numpy(), content)
        offset_base, offset_signs = _base(targets.offset_queries.numpy(), content)
        keys = targets.keys.numpy()
        matches = _matches(targets)
        columns, steps = np.array(targets.offsets, np.int64).reshape(-1, 2).T
        in_reach = (steps > -content.shape[1]) & (steps < keys.shape[1])
        columns, steps = columns[in_reach], steps[in_reach]
        names = columns[:, None] == np.arange(offset_base.shape[1])
        return cls(
            targets,
            Tables(_rows(key_signs, keys), _cells(targets, offset_signs, keys.shape), matches),
            sum(base.shape[1] for base in (key_base, offset_base))
            + targets.pair_columns
            + len(targets.match_before),
            keys * key_base[:, None],
            names * offset_base[:, None],
            steps + content.shape[1] - 1,
        )

    def add(self, masses: Array, received: Array, by_offset: Array) -> None:
        """Adds what the sums over content queries tell to `masses` [batch, head, column]."""
        keys, offsets = self.on_keys.shape[-1], self.on_offsets.shape[-1]
        masses[..., :keys] += received @ self.on_keys
        if offsets:
            masses[..., keys : keys + offsets] += by_offset[..., self.offsets] @ self.on_offsets

    def ordered(self, by_column: Array) -> Tensor:
        """Puts key, offset, pair and match columns in the order of the targets, as float32."""
        nothing = np.zeros((*by_column.shape[:-1], 1))
        every = np.concatenate([by_column, nothing], -1)[..., self.targets.order.numpy()]
        return torch.from_numpy(every.astype(np.float32))

    def reached(self, mask: Mask) -> Array:
        """How many queries see a key of their target, for key and offset columns.

        [batch, 1, column].
        """
        targets, places = self.targets, np.arange(mask.queries)
        shape = len(targets.keys), mask.queries
        first, last = (np.broadcast_to(edge.numpy(), shape) for edge in (mask.first, mask.last))
        before = np.pad(targets.keys.numpy().cumsum(1), ((0, 0), (1, 0), (0, 0)))
        low, up = (np.take_along_axis(before, edge[..., None], 1) for edge in (first, last))
        hit = np.zeros(targets.offset_queries.shape, np.bool_)
        for column, offset in targets.offsets:
            hit[..., column] |= (places + offset >= first) & (places + offset < last)
        of_keys = (up > low) * targets.key_queries.numpy()
        of_offsets = hit * targets.offset_queries.numpy()
        seen: Array = np.concatenate([of_keys, of_offsets], -1).sum(1)[:, None]
        return seen


def _base(queries: Array, content: Array) -> tuple[Array, Array]:
    """Whether a column starts from the sums over content queries, and which rows to put right.

    It does where that leaves fewer of these: float [batch, column] and signs [batch, query,
    column], 0 where there is nothing to do.
    """
    counted = content[..., None].astype(np.float32)
    fewer = np.abs(queries - counted).sum(1) < queries.sum(1)
    return fewer.astype(np.float32), queries - fewer[:, None] * counted


def _rows(signs: Array, keys: Array) -> KeyRows:
    """Rows to put right for key columns, and the keys of each column."""
    sentence, query, column = signs.nonzero()
    members = keys.transpose(0, 2, 1).nonzero()[2]
    counts = keys.sum(1).astype(np.int64)
    starts = np.pad(counts.reshape(-1).cumsum(), (1, 0))
    each = np.arange(len(keys))[:, None] * keys.shape[2] + np.arange(keys.shape[2] + 1)
    return KeyRows(
        ends=_ends(sentence, query, signs.shape),
        columns=np.ascontiguousarray(column),
        signs=signs[sentence, query, column].astype(np.float32),
        starts=starts[each],
        members=np.ascontiguousarray(members),
    )


def _cells(targets: PackedTargets, signs: Array, shape: tuple[int, ...]) -> Cells:
    """Single cells: the pairs, and offsets of rows to put right."""
    pairs = targets.pairs.numpy()
    first, offsets = shape[2], signs.shape[2]
    parts = [np.column_stack([pairs, np.ones(len(pairs), np.int64)])]
    parts[0][:, 3] += first + offsets
    odd = np.abs(signs).max((0, 1), initial=0)
    for column, offset in targets.offsets:
        if odd[column] == 0:
            continue
        sentence, query = signs[..., column].nonzero()
        key, sign = query + offset, signs[sentence, query, column].astype(np.int64)
        cells = np.column_stack([sentence, query, key, np.full_like(key, first + column), sign])
        parts.append(cells[(key >= 0) & (key < shape[1])])
    every = np.concatenate(parts)
    every = every[np.lexsort((every[:, 3], every[:, 1], every[:, 0]))]
    sentence, query, key, column, sign = np.ascontiguousarray(every.T)
    ends = _ends(sentence, query, signs.shape)
    return Cells(ends, keys=key, columns=column, signs=sign.astype(np.float32))


def _ends(sentence: Array, query: Array, shape: tuple[int, ...]) -> Array:
    """Where the entries of a query begin, and those of the next: [batch, query + 1]."""
    batch, queries = shape[:2]
    at = np.arange(batch)[:, None] * queries + np.arange(queries + 1)
    return np.searchsorted(sentence * queries + query, at)


def _matches(targets: PackedTargets) -> Matches:
    """Keys sorted by label, and where each query's label begins and ends."""
    labels = targets.match_keys.numpy().transpose(0, 2, 1)
    asked = targets.match_queries.numpy().transpose(0, 2, 1)
    order = labels.argsort(-1, kind="stable")
    ranges = np.zeros((*asked.shape, 2), np.int64)
    for sentence, column in np.ndindex(*asked.shape[:2]):
        ordered = labels[sentence, column, order[sentence, column]]
        wanted = asked[sentence, column]
        ranges[sentence, column, :, 0] = np.searchsorted(ordered, wanted, "left")
        ranges[sentence, column, :, 1] = np.searchsorted(ordered, wanted, "right")
    ranges[asked < 0] = 0
    before = np.array(targets.match_before, np.int64)
    return Matches(np.ascontiguousarray(order), np.ascontiguousarray(ranges), before)
