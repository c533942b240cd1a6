"""What each layer is: its heads, the heads of its keys, and how far its queries see."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.measurement.stream import LayerShape
from attnviz.observers.handover import Handover


class Surveyor(Observer):
    """Notes what each layer is."""

    def __init__(self, stream: str = "") -> None:
        self.stream = stream
        self._heads: dict[int, tuple[int, int]] = {}
        self._widest: dict[int, int] = {}
        self._longest = 0
        self._causal: dict[int, bool] = {}
        self._handover = Handover()

    def begin(self, batch: Batch, places: Sequence[int]) -> None:  # noqa: ARG002 - an observer
        """Starts a batch."""
        self._longest = max(self._longest, *map(len, batch.looked_at.sentences))

    def see(self, attention: LayerAttention) -> None:
        """Notes one layer."""
        layer = attention.layer
        self._heads[layer] = attention.heads, attention.key.shape[1]
        self._causal[layer] = self._causal.get(layer, True) and attention.mask.causal
        widest = attention.once("widest", attention.counts.max)
        self._handover.add(partial(self._widen, layer), widest)

    def end(self) -> None:
        """Ends the batch."""
        self._handover.settle()

    def _widen(self, layer: int, widest: NDArray[np.float32]) -> None:
        self._widest[layer] = max(int(widest), self._widest.get(layer, 0))

    @property
    def longest(self) -> int:
        """The greatest number of keys that a sentence had."""
        return self._longest

    def shapes(self) -> tuple[LayerShape, ...]:
        """Every layer that was seen."""
        return tuple(
            LayerShape(number, heads, keys, self._widest[number], self._causal[number])
            for number, (heads, keys) in sorted(self._heads.items())
        )
