"""Attention rollout (Abnar & Zuidema 2020), carried from layer to layer.

A_l = 1/2 mean_h A + 1/2 I, R_l = A_l R_{l-1}, R_0 = I: the residual stream counts as half of
each layer. Without the residual, A_l = mean_h A.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SentenceFlow:
    """What flows where in one sentence of n tokens.

    `rollout` [key]: from each token to the content tokens of the last layer, mean over them;
    `drift`: mean total-variation distance between the rollout rows of two content tokens, None
    with fewer than two; `received` [key]: mean attention over layers, heads and content queries;
    `entropy` [layer]: nats, mean over heads and content queries; `matrix` [query, key]: the whole
    rollout, where it was asked for.
    """

    rollout: Array
    drift: float | None
    received: Array
    entropy: Array
    matrix: Array | None = None


def step(before: Tensor, attention: LayerAttention, *, residual: bool) -> Tensor:
    """One layer of rollout: [batch, query, key] after it, from what it was before."""
    mixing = attention.head_mean
    if residual:
        mixing = 0.5 * mixing + 0.5 * torch.eye(mixing.shape[-1], device=mixing.device)
    return mixing @ before


def start(batch: Batch) -> Tensor:
    """R_0, the identity: every token is itself."""
    size = batch.length
    return torch.eye(size, device=batch.ids.device).expand(len(batch.sentences), size, size)


class FlowKeeper(Observer):
    """Observes layers and keeps each sentence's flow."""

    def __init__(self, *, residual: bool, matrices: bool = False) -> None:
        self._residual = residual
        self._matrices = matrices
        self.flows: dict[int, SentenceFlow] = {}

    def begin(self, batch: Batch, places: Sequence[int]) -> None:
        """Starts a batch whose sentences have the given places."""
        self._batch, self._places = batch, places
        self._rollout = start(batch)
        self._received: list[Tensor] = []
        self._entropy: list[Tensor] = []

    def see(self, attention: LayerAttention) -> None:
        """Adds one layer of the batch."""
        content = self._batch.content
        queries = content.sum(-1, keepdim=True)
        self._rollout = step(self._rollout, attention, residual=self._residual)
        self._received.append(attention.received(content).mean(1) / queries)
        entropy = (attention.entropy * content[:, None]).sum(-1) / queries
        self._entropy.append(entropy.mean(-1))

    def end(self) -> None:
        """Ends the batch."""
        received = torch.stack(self._received).mean(0)
        entropy = torch.stack(self._entropy, dim=-1)
        for row, (place, tokens) in enumerate(
            zip(self._places, self._batch.sentences, strict=True)
        ):
            size = len(tokens)
            matrix = self._rollout[row, :size, :size]
            rows = matrix[self._batch.content[row, :size]]
            self.flows[place] = SentenceFlow(
                rollout=_numpy(rows.mean(0)),
                drift=_drift(rows),
                received=_numpy(received[row, :size]),
                entropy=_numpy(entropy[row]),
                matrix=_numpy(matrix) if self._matrices else None,
            )


def _drift(rows: Tensor) -> float | None:
    """Mean total-variation distance between two rows of [content query, key]."""
    count = len(rows)
    if count < 2:
        return None
    # Summed per key over all pairs: sorted, the k-th of n values is added 2k - n + 1 times.
    signs = 2.0 * torch.arange(count, device=rows.device) - count + 1
    pairs = count * (count - 1) / 2
    apart = (rows.sort(0).values * signs[:, None]).sum() / pairs
    return float(apart / 2)


def _numpy(values: Tensor) -> Array:
    array: Array = values.double().cpu().numpy()
    return array
