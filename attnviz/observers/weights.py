"""The whole matrices of one sentence, of the heads that were asked for, and its rollout."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attnviz.attention.batch import Batch
from attnviz.attention.formulas import TINY
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.observers import rollout

Floats = NDArray[np.float32]

_TILE = 2**22
"""Cells of all heads of a layer that are made at a time."""


class WeightKeeper(Observer):
    """Keeps the matrices of `heads` (layer, head), or of all heads of `layers`, or of all layers.

    What is empty asks for everything. `residual`: rollout counts the residual stream. After the run
    `heads` has the number of heads of every layer, kept or not, and `causal` says whether no query
    saw a key to its right.
    """

    def __init__(
        self,
        heads: Collection[tuple[int, int]],
        layers: Collection[int],
        *,
        residual: bool,
        stream: str = "",
    ) -> None:
        self.stream = stream
        self._asked, self._layers, self._residual = heads, layers, residual
        self._kept: dict[tuple[int, int], Floats] = {}
        self._flow: Tensor | None = None
        self.heads: dict[int, int] = {}
        self.causal = True

    def begin(self, batch: Batch, places: Sequence[int]) -> None:  # noqa: ARG002 - an observer
        """Starts the batch of one sentence."""
        self._flow = rollout.start(batch) if batch.keys is None else None

    def see(self, attention: LayerAttention) -> None:
        """Keeps the heads of one layer."""
        self.heads[attention.layer] = attention.heads
        self.causal = self.causal and attention.mask.causal
        chosen = [head for head in range(attention.heads) if self._wants(attention.layer, head)]
        matrices, mean = _whole(attention, chosen)
        for place, head in enumerate(chosen):
            self._kept[attention.layer, head] = matrices[place]
        if self._flow is not None:
            self._flow = rollout.mixed(self._flow, mean[None], residual=self._residual)

    def _wants(self, layer: int, head: int) -> bool:
        if self._asked:
            return (layer, head) in self._asked
        return not self._layers or layer in self._layers

    @property
    def places(self) -> tuple[tuple[int, int], ...]:
        """Layer and number of each head that was kept, in their order."""
        return tuple(sorted(self._kept))

    def matrices(self) -> Floats:
        """The matrices of `places`, [head, query, key]."""
        return np.stack([self._kept[place] for place in self.places])

    def rollout(self) -> Floats | None:
        """Rollout through all layers, [query, key]; None in cross-attention."""
        return None if self._flow is None else _numpy(self._flow[0])


def _whole(attention: LayerAttention, heads: Sequence[int]) -> tuple[Floats, Tensor]:
    """Some heads' matrices [head, query, key], and the mean over all [query, key].

    Rows of the mean sum to 1. Made a tile of queries at a time, so that heads that are not kept
    take little room.
    """
    queries, keys = attention.mask.queries, attention.mask.keys
    high = max(1, _TILE // (attention.heads * keys))
    kept, means = [], []
    for first in range(0, queries, high):
        weights = attention.part(slice(first, first + high), 0).weights[0]
        kept.append(_numpy(weights[list(heads)]))
        means.append(weights.mean(0))
    mean = torch.cat(means)
    return np.concatenate(kept, axis=1), mean / mean.sum(-1, keepdim=True).clamp_min(TINY)


def _numpy(values: Tensor) -> Floats:
    array: Floats = values.float().cpu().numpy().copy()
    return array
