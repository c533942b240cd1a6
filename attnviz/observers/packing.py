"""The weights of a few sentences, small enough to stand in a page: a block of bytes a layer."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.observers.packed import MOST, Packed

STEPS = 255
"""A weight a is kept as round(255 √a): 0.004 off at most, and small weights far less."""

_LEVEL = 6
"""The highest takes three times as long, for one byte less in a hundred."""

_TILE = 2**20


class PackedKeeper(Observer):
    """Packs every head of each sentence, as long as a sentence takes at most `room` bytes."""

    def __init__(self, room: float, stream: str = "") -> None:
        self.stream = stream
        self._room = room
        self.sentences: dict[int, Packed] = {}

    def begin(self, batch: Batch, places: Sequence[int]) -> None:
        """Starts a batch of sentences."""
        self._rows = []
        both = zip(batch.sentences, batch.looked_at.sentences, strict=True)
        for row, (place, (queries, keys)) in enumerate(zip(places, both, strict=True)):
            size = len(queries), len(keys)
            packed = self.sentences[place] = Packed(fits=self._room > 0 and max(size) <= MOST)
            self._rows.append((row, size, packed))

    def see(self, attention: LayerAttention) -> None:
        """Packs one layer."""
        for row, size, packed in self._rows:
            if not packed.fits:
                continue
            packed.layers[attention.layer] = _block(attention, row, size)
            packed.heads[attention.layer] = attention.heads
            if sum(map(len, packed.layers.values())) > self._room:
                packed.fits = False
                packed.layers.clear()
                packed.heads.clear()


def _block(attention: LayerAttention, row: int, size: tuple[int, int]) -> bytes:
    """One sentence's weights in one layer, made a tile of queries at a time."""
    queries, keys = size
    roots = np.empty((attention.heads, queries, keys), dtype=np.uint8)
    sums = np.empty((attention.heads, queries), dtype=np.uint8)
    high = max(1, _TILE // (attention.heads * keys))
    for first in range(0, queries, high):
        last = min(first + high, queries)
        weights = attention.part(slice(first, last), row).weights[0, ..., :keys]
        roots[:, first:last] = steps(weights.sqrt())
        sums[:, first:last] = steps(weights.sum(-1))
    return zlib.compress(roots.tobytes() + sums.tobytes(), _LEVEL)


def steps(values: Tensor) -> NDArray[np.uint8]:
    """Values in [0, 1] as the nearest of 255 steps."""
    nearest = values.float().clamp(0.0, 1.0).mul(STEPS).round()
    packed: NDArray[np.uint8] = nearest.cpu().numpy().astype(np.uint8)
    return packed
