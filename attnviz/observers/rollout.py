"""Attention rollout (Abnar & Zuidema 2020), carried from layer to layer.

A_l = 1/2 mean_h A + 1/2 I, R_l = A_l R_{l-1}, R_0 = I: the residual stream counts as half of
each layer. Without the residual, A_l = mean_h A.

Short sentences carry the matrix R upwards. For long ones only some rows of R are wanted, and
r R_l = (r A_l) R_{l-1}: a row goes down through the layers, each of which takes it to its column
mass, so that queries and keys are all that is kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attnviz.attention.batch import Batch
from attnviz.attention.formulas import TINY
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.attention.request import Request
from attnviz.observers.drawn import SentenceFlow

Array = NDArray[np.float64]

LONG = 256
"""Sentences of more tokens than this never have a matrix of rollout."""

BLOCKS = 128
"""Rows of a long sentence's rollout that are drawn: each the mean over a block of queries."""

_COMPARED = 32

_TILE = 2**20


def step(before: Tensor, attention: LayerAttention, *, residual: bool) -> Tensor:
    """One layer of rollout: [batch, query, key] after it, from what it was before."""
    return mixed(before, attention.head_mean, residual=residual)


def mixed(before: Tensor, mixing: Tensor, *, residual: bool) -> Tensor:
    """The same, from the mean over the layer's heads: [batch, query, key], rows that sum to 1."""
    if residual:
        mixing = 0.5 * mixing + 0.5 * torch.eye(mixing.shape[-1], device=mixing.device)
    return mixing @ before


def start(batch: Batch) -> Tensor:
    """R_0, the identity: every token is itself."""
    size = batch.length
    return torch.eye(size, device=batch.ids.device).expand(len(batch.sentences), size, size)


def pull(
    rows: Tensor, layers: Sequence[LayerAttention], sentence: int, *, residual: bool
) -> Tensor:
    """Rows r [row, query] of the last layer taken down through all layers: r R, [row, key]."""
    for attention in reversed(layers):
        mass = column_mass(attention, sentence, rows)
        rows = 0.5 * (rows + mass) if residual else mass
    return rows


def column_mass(attention: LayerAttention, sentence: int, rows: Tensor) -> Tensor:
    """sum_i r_i a_ij for rows r [row, query], a the mean over heads: [row, key].

    The rows of a are scaled to sum to 1. A tile of queries at a time: O(n) memory.
    """
    queries, keys = attention.mask.queries, attention.mask.keys
    high = max(1, _TILE // (attention.heads * keys))
    out = rows.new_zeros(len(rows), keys)
    for first in range(0, queries, high):
        tile = slice(first, first + high)
        mean = attention.part(tile, sentence).weights[0].mean(0)
        mean /= mean.sum(-1, keepdim=True).clamp_min(TINY)
        out += rows[:, tile] @ mean
    return out


class FlowKeeper(Observer):
    """Observes layers and keeps each sentence's flow.

    `room` is how many bytes of queries and keys may be kept for the rollout of a long sentence;
    one that needs more has none. In cross-attention there is no rollout.
    """

    def __init__(
        self,
        *,
        residual: bool,
        matrices: bool = False,
        room: float = float("inf"),
        stream: str = "",
    ) -> None:
        self.stream = stream
        self._residual = residual
        self._matrices = matrices
        self._room = room
        self.flows: dict[int, SentenceFlow] = {}

    def ask(self, batch: Batch, places: Sequence[int]) -> Request:  # noqa: ARG002 - an observer
        """Means over heads, of sentences that aren't long."""
        return Request(needs=frozenset({"head_mean"} if _is_short(batch) else ()))

    def begin(self, batch: Batch, places: Sequence[int]) -> None:
        """Starts a batch whose sentences have the given places."""
        self._batch, self._places = batch, places
        self._rollout = start(batch) if _is_short(batch) else None
        self._layers: list[LayerAttention] | None = []
        self._left = self._room if batch.keys is None else 0.0
        self._received: list[Tensor] = []
        self._entropy: list[Tensor] = []

    def see(self, attention: LayerAttention) -> None:
        """Adds one layer of the batch."""
        content = self._batch.content
        queries = content.sum(-1, keepdim=True)
        if self._rollout is not None:
            self._rollout = step(self._rollout, attention, residual=self._residual)
        else:
            self._keep(attention)
        self._received.append(attention.received.mean(1) / queries)
        entropy = (attention.entropy * content[:, None]).sum(-1) / queries
        self._entropy.append(entropy.mean(-1))

    def _keep(self, attention: LayerAttention) -> None:
        """Keeps a layer of a long batch, or gives the rollout up."""
        self._left -= attention.held
        if self._left < 0:
            self._layers = None
        if self._layers is not None:
            self._layers.append(attention.bare)

    def end(self) -> None:
        """Ends the batch."""
        received = _numpy(torch.stack(self._received).mean(0))
        entropy = _numpy(torch.stack(self._entropy, dim=-1))
        self._matrix = None if self._rollout is None else _numpy(self._rollout)
        for row, (place, tokens) in enumerate(
            zip(self._places, self._batch.sentences, strict=True)
        ):
            rollout, drift, matrix = self._flow(row, len(tokens))
            keys = len(self._batch.looked_at.sentences[row])
            self.flows[place] = SentenceFlow(
                rollout=rollout,
                drift=drift,
                received=received[row, :keys],
                entropy=entropy[row],
                matrix=matrix,
            )
        self._layers = []

    def _flow(self, row: int, size: int) -> tuple[Array, float | None, Array | None]:
        """Rollout, drift and matrix of one sentence of the batch."""
        if self._matrix is not None:
            matrix = self._matrix[row, :size, :size]
            rows = matrix[self._batch.sentences[row].content]
            mean = rows.mean(0) if len(rows) else np.full(size, np.nan)
            return mean, _drift(rows), matrix if self._matrices else None
        if not self._layers:
            return np.zeros(0), None, None
        content = self._batch.content[row, :size]
        wanted = self._wanted(content)
        padded = torch.nn.functional.pad(wanted, (0, self._batch.length - size))
        flowed = pull(padded, self._layers, row, residual=self._residual)[:, :size]
        compared = min(_COMPARED, int(content.sum()))
        drift, blocks = _drift(_numpy(flowed[1 : 1 + compared])), flowed[1 + compared :]
        return _numpy(flowed[0]), drift, _numpy(_pooled(blocks)) if self._matrices else None

    def _wanted(self, content: Tensor) -> Tensor:
        """Rows of a long sentence to pull down: the mean, some to compare, and the blocks."""
        places = content.nonzero()[:, 0]
        count = min(_COMPARED, len(places))
        some = places[torch.arange(count, device=places.device) * len(places) // max(count, 1)]
        rows = [content.float() / content.sum(), *_one_hot(some, len(content)).unbind()]
        if self._matrices:
            block = -(-len(content) // BLOCKS)
            owner = torch.arange(len(content), device=content.device) // block
            share = _one_hot(owner, int(owner[-1]) + 1).T
            rows += (share / share.sum(-1, keepdim=True)).unbind()
        return torch.stack(rows)


def _one_hot(places: Tensor, size: int) -> Tensor:
    rows = torch.zeros(len(places), size, device=places.device)
    return rows.scatter_(1, places[:, None], 1.0)


def _pooled(rows: Tensor) -> Tensor:
    """Means over blocks of keys of [block, key]; the last block may be smaller."""
    block = -(-rows.shape[-1] // BLOCKS)
    return torch.nn.functional.avg_pool1d(rows[None], block, ceil_mode=True)[0]


def _drift(rows: Array) -> float | None:
    """Mean total-variation distance between two rows of [content query, key]."""
    count = len(rows)
    if count < 2:
        return None
    # Summed per key over all pairs: sorted, the k-th of n values is added 2k - n + 1 times.
    signs = 2.0 * np.arange(count) - count + 1
    pairs = count * (count - 1) / 2
    return float((signs @ np.sort(rows, axis=0)).sum() / pairs / 2)


def _is_short(batch: Batch) -> bool:
    """Whether the means over heads are made of a batch; in cross-attention nothing flows."""
    return batch.keys is None and batch.length <= LONG


def _numpy(values: Tensor) -> Array:
    array: Array = values.cpu().double().numpy()
    return array
