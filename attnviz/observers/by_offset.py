"""Attention by offset j - i, beside that of uniform attention."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.attention.request import Request
from attnviz.measurement.fixed import Ints, fixed
from attnviz.observers.handover import Handover
from attnviz.observers.totals import OFFSETS_OWN, OFFSETS_ROWS, OFFSETS_UNIFORM, REACH

Array = NDArray[np.float64]


class OffsetKeeper(Observer):
    """Observes layers and adds up attention by offset, in the same room however long the text."""

    def __init__(self, stream: str = "") -> None:
        self.stream = stream
        self._own: dict[int, Array] = {}
        self._even: dict[int, Array] = {}
        self._rows: dict[int, float] = {}
        self._handover = Handover()

    def ask(self, batch: Batch, places: Sequence[int]) -> Request:  # noqa: ARG002 - an observer
        """Sums by offset."""
        return Request(needs=frozenset({"by_offset"}))

    def begin(self, batch: Batch, places: Sequence[int]) -> None:  # noqa: ARG002 - an observer
        """Starts a batch."""
        self._content = float(sum(tokens.content.sum() for tokens in batch.sentences))

    def see(self, attention: LayerAttention) -> None:
        """Adds one layer of the batch."""
        layer, rows = attention.layer, self._content

        def add(own: Array, even: Array) -> None:
            if layer not in self._own:
                self._own[layer], self._even[layer] = np.zeros_like(own), np.zeros_like(even)
                self._rows[layer] = 0.0
            self._own[layer] += own
            self._even[layer] += even
            self._rows[layer] += rows

        even = attention.once("even offsets", lambda: _folded(attention.uniform.by_offset))
        self._handover.add(add, _folded(attention.by_offset), even)

    def end(self) -> None:
        """Ends the batch."""
        self._handover.settle()

    def totals(self) -> dict[str, Ints]:
        """The sums over everything that was seen, heads layer by layer, in fixed point."""
        layers = sorted(self._own)
        heads = [len(self._own[layer]) for layer in layers]
        return {
            OFFSETS_OWN: fixed(np.concatenate([self._own[layer] for layer in layers])),
            OFFSETS_UNIFORM: fixed(
                np.concatenate(
                    [np.broadcast_to(self._even[layer], self._own[layer].shape) for layer in layers]
                )
            ),
            OFFSETS_ROWS: np.repeat([round(self._rows[layer]) for layer in layers], heads),
        }


def _folded(by_offset: Tensor) -> Tensor:
    """Sums over the batch, [batch, head, 2 n - 1] to [head, 2 REACH + 3]."""
    summed = by_offset.double().sum(0)
    zero = summed.shape[-1] // 2
    near = torch.nn.functional.pad(summed, (REACH, REACH))  # zero now stands at zero + REACH
    return torch.cat(
        [
            summed[:, : max(zero - REACH, 0)].sum(-1, keepdim=True),
            near[:, zero : zero + 2 * REACH + 1],
            summed[:, zero + REACH + 1 :].sum(-1, keepdim=True),
        ],
        -1,
    )
