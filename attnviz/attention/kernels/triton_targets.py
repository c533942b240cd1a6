"""The targets of a batch laid out for the Triton kernels.

Sums over the content queries by key and by offset are made anyway, and most targets are read off
them. Where a target's queries are others, single cells put it right, or, where these were too many,
sums by key over its own queries are made, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attnviz.attention.mask import Mask
from attnviz.attention.pack import PackedTargets
from attnviz.attention.request import JoinedRequest
from attnviz.attention.transfer import to_device

PART = 64
"""Cells that a program adds up."""

TOGETHER = 2
"""Sets of queries, and columns of labels, that one pass over the columns takes."""

_EACH = 4
"""Cells a token that a column may take to be put right."""

Array = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Cells:
    """Single weights to add up, all [cell]: `sign` is 1, -1, or 0 for what fills up a part.

    The parts of group g, a sentence's column, are `ends`[g] to `ends`[g + 1]; there are `parts`.
    """

    sentence: Tensor
    query: Tensor
    key: Tensor
    sign: Tensor
    ends: Tensor
    parts: int


@dataclass(frozen=True, eq=False)
class LaidTargets:
    """The targets of a batch, as the kernels want them.

    `from_keys` [batch, 1, key column] and `from_offsets` [batch, 1, offset column] are 1 where the
    sums over content queries count; `places` [offset] are those of the `offset_columns` [offset,
    offset column] among all offsets. `sets` [set, batch, query] are sets of queries of which sums
    by key are made, and `set_of` [key column] says which is whose, -1 for none. `cells` are of key,
    offset and pair columns. `labels` are [match column, batch, query], -1 for none, and [match
    column, batch, key], -2 for none, so that none are alike.
    """

    targets: PackedTargets
    from_keys: Tensor
    from_offsets: Tensor
    places: Tensor
    offset_columns: Tensor
    sets: Tensor
    set_of: tuple[int, ...]
    cells: Cells | None
    labels: tuple[Tensor, Tensor]

    @classmethod
    def of(cls, request: JoinedRequest, targets: PackedTargets) -> LaidTargets:
        """From what is asked of a batch."""
        device = request.content.device
        content, on_host = request.counting.astype(np.float32), targets.on_host
        keys, key_queries = on_host.keys.numpy(), on_host.key_queries.numpy()
        offset_queries = on_host.offset_queries.numpy()
        from_keys, key_signs, left = _base(key_queries, content)
        from_offsets, offset_signs, _ = _base(offset_queries, content)
        needed = (left * keys.sum(1)).sum(0)
        apart = np.flatnonzero(needed > _EACH * content.size)
        sets, set_of = _sets(key_queries, apart)
        from_keys[:, apart], key_signs[..., apart] = 0.0, 0.0
        queries = content.shape[1]
        columns, steps = np.array(targets.offsets, np.int64).reshape(-1, 2).T
        inside = (steps > -queries) & (steps < keys.shape[1])
        columns, steps = columns[inside], steps[inside]
        names = (columns[:, None] == np.arange(offset_queries.shape[2])).astype(np.float32)
        cells = _cells(targets, key_signs, keys, offset_signs)

        mine, its = (
            part.movedim(-1, 0).to(torch.int32).contiguous()
            for part in (targets.match_queries, targets.match_keys)
        )
        return cls(
            targets,
            from_keys=to_device(from_keys[:, None], device),
            from_offsets=to_device(from_offsets[:, None], device),
            places=to_device(steps + queries - 1, device),
            offset_columns=to_device(names, device),
            sets=to_device(sets, device),
            set_of=set_of,
            cells=None if cells is None else _laid(cells, len(keys), _width(targets), device),
            labels=(mine, its.masked_fill(its < 0, -2)),
        )

    def before(self, first: int, many: int) -> int:
        """Which of so many match columns look to the left only: bit c for the c-th of them."""
        left = self.targets.match_before[first : first + many]
        return sum(own << at for at, own in enumerate(left))

    def reached(self, mask: Mask, of_labels: Tensor) -> Tensor:
        """How many queries see a key of their target, [batch, 1, column], from a mask alone.

        `of_labels` [batch, match column] is known.
        """
        targets, places = self.targets, torch.arange(mask.queries, device=mask.first.device)
        batch = len(targets.keys)
        first, last = (edge.expand(batch, -1) for edge in (mask.first, mask.last))
        if mask.holes is None:
            before = torch.nn.functional.pad(targets.keys.cumsum(1), (0, 0, 1, 0))
            wide = targets.keys.shape[2]
            low, up = (
                before.gather(1, edge[..., None].expand(-1, -1, wide)) for edge in (first, last)
            )
            on_keys = up > low
        else:
            on_keys = torch.matmul(mask.holes[:, 0].float(), targets.keys) > 0
        at = places + (self.places - mask.queries + 1)[:, None]  # [offset, query]
        sees = _sees(mask, first[:, None], last[:, None], places, at)
        on_offsets = torch.matmul(sees.mT.float(), self.offset_columns) > 0
        rows = torch.zeros(
            batch * mask.queries * targets.pair_columns, dtype=torch.int32, device=places.device
        )
        if len(targets.pairs):
            sentence, query, key, slot = targets.pairs.unbind(1)
            there = (key >= first[sentence, query]) & (key < last[sentence, query])
            if mask.holes is not None:
                holes = mask.holes[:, 0].expand(batch, -1, -1)
                there &= holes[sentence, query, key]
            where = (sentence * mask.queries + query) * targets.pair_columns + slot
            rows.index_add_(0, where, there.to(torch.int32))
        on_pairs = rows.view(batch, mask.queries, targets.pair_columns) > 0
        every = [
            (on_keys * targets.key_queries).sum(1),
            (on_offsets * targets.offset_queries).sum(1),
            on_pairs.sum(1).float(),
            of_labels.float(),
        ]
        return self.ordered(torch.cat(every, -1)[:, None])

    def ordered(self, by_column: Tensor) -> Tensor:
        """Puts key, offset, pair and match columns, and an empty one, in the targets' order."""
        return torch.nn.functional.pad(by_column, (0, 1))[..., self.targets.order]


def _sees(mask: Mask, first: Tensor, last: Tensor, places: Tensor, at: Tensor) -> Tensor:
    """Whether each query sees the keys `at` [offset, query], [batch, offset, query]."""
    sees = (at >= first) & (at < last)
    if mask.holes is not None:
        inside = at.clamp(0, mask.keys - 1)
        sees = sees & mask.holes[:, 0][:, places, inside]
    return sees


def _width(targets: PackedTargets) -> int:
    """Key, offset and pair columns."""
    return targets.keys.shape[2] + targets.offset_queries.shape[2] + targets.pair_columns


def _base(queries: Array, content: Array) -> tuple[Array, Array, Array]:
    """Whether a column starts from the sums over content queries, and which rows to put right.

    It does where that leaves fewer of these: [batch, column], signs [batch, query, column], and how
    many are left, [batch, column].
    """
    rows = content[:, None] * 0 + 1
    asking, both = (np.matmul(own, queries)[:, 0] for own in (rows, content[:, None]))
    differing = asking + content.sum(1, keepdims=True) - 2 * both
    fewer = (differing < asking).astype(np.float32)
    signs = queries - fewer[:, None] * content[..., None]
    return fewer, signs, np.minimum(differing, asking)


def _sets(queries: Array, columns: Ints) -> tuple[Array, tuple[int, ...]]:
    """The sets of queries of some columns, each once, [set, batch, query], and which is whose."""
    known: dict[bytes, int] = {}
    set_of = [-1] * queries.shape[2]
    sets: list[Array] = []
    for column in columns.tolist():
        own = np.ascontiguousarray(queries[..., column])
        if own.tobytes() not in known:
            known[own.tobytes()] = len(sets)
            sets.append(own)
        set_of[column] = known[own.tobytes()]
    stacked = np.stack(sets) if sets else np.zeros((0, *queries.shape[:2]), np.float32)
    return stacked, tuple(set_of)


def _cells(targets: PackedTargets, of_keys: Array, keys: Array, of_offsets: Array) -> Ints | None:
    """All cells, [cell, 5]: sentence, column, query, key, sign; None for none."""
    pairs = targets.on_host.pairs.numpy()
    many, more = keys.shape[2], of_offsets.shape[2]
    parts = [pairs[:, [0, 3, 1, 2, 2]]]
    parts[0][:, 1] += many + more
    parts[0][:, 4] = 1
    sentence, query, column = of_keys.nonzero()
    of_column = keys.transpose(0, 2, 1).reshape(-1, keys.shape[1])
    ends = np.count_nonzero(of_column, axis=1).cumsum()
    many_keys = np.diff(ends, prepend=0)[sentence * many + column]
    row = np.repeat(np.arange(len(sentence)), many_keys)
    begins = ends[sentence * many + column] - many_keys.cumsum()
    key = of_column.nonzero()[1][begins[row] + np.arange(len(row))]
    sign = of_keys[sentence, query, column].astype(np.int64)
    parts.append(np.column_stack([sentence[row], column[row], query[row], key, sign[row]]))
    wrong = np.column_stack(of_offsets.nonzero())
    for at, offset in targets.offsets:
        sentence, query, column = wrong[wrong[:, 2] == at].T
        key = query + offset
        sign = of_offsets[sentence, query, column].astype(np.int64)
        own = np.column_stack([sentence, many + column, query, key, sign])
        parts.append(own[(key >= 0) & (key < keys.shape[1])])
    every = np.concatenate(parts)
    return every if len(every) else None


def _laid(cells: Ints, batch: int, columns: int, device: torch.device) -> Cells:
    """Cells group after group, each filled up to whole parts."""
    group = cells[:, 0] * columns + cells[:, 1]
    order = np.argsort(group, kind="stable")
    counts = np.bincount(group, minlength=batch * columns)
    parts = -(-counts // PART)
    ends = np.pad(parts.cumsum(), (1, 0))
    begins = counts.cumsum() - counts
    ordered = group[order]
    to = ends[ordered] * PART + np.arange(len(cells)) - begins[ordered]
    laid = np.zeros((4, ends[-1] * PART), np.int32)
    laid[:, to] = cells[order][:, [0, 2, 3, 4]].T
    sentence, query, key, sign = (to_device(part, device) for part in laid)
    on_device = to_device(ends.astype(np.int32), device)
    return Cells(sentence, query, key, sign.float(), on_device, int(ends[-1]))
