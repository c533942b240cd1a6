"""The matrices of the few sentences that are drawn."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.attention.targets import Floats
from attnviz.observers.drawn import Drawn, Window

QUERIES, KEYS = 24, 36
"""Size of a window: what a reader can take in."""

_WINDOWS = 2

_TILE = 2**20


class MatrixKeeper(Observer):
    """Keeps every head of each sentence, and the `wanted` (layer, head) without blocks.

    Sentences of more than `most` tokens are kept as means of square blocks, so that a long one
    takes no more room than a short one; of the wanted heads two windows are kept beside them.
    """

    def __init__(self, wanted: Collection[tuple[int, int]], most: int, stream: str = "") -> None:
        self.stream = stream
        self._wanted = wanted
        self._most = most
        self.drawn: dict[int, Drawn] = {}

    def begin(self, batch: Batch, places: Sequence[int]) -> None:
        """Starts a batch of sentences to draw."""
        self._rows = []
        both = zip(batch.sentences, batch.looked_at.sentences, strict=True)
        for row, (place, (queries, keys)) in enumerate(zip(places, both, strict=True)):
            size = len(queries), len(keys)
            drawn = self.drawn[place] = Drawn(block=-(-max(size) // self._most))
            self._rows.append((row, size, drawn))

    def see(self, attention: LayerAttention) -> None:
        """Keeps one layer."""
        for row, size, drawn in self._rows:
            drawn.layers[attention.layer] = pooled = _pooled(attention, row, size, drawn.block)
            for layer, head in self._wanted:
                if layer == attention.layer and head < attention.heads:
                    drawn.heads[layer, head] = pooled[head]
                    if drawn.block > 1:
                        windows = [
                            _window(attention, row, head, size, at) for at in range(_WINDOWS)
                        ]
                        drawn.windows[layer, head] = tuple(windows)


def _pooled(attention: LayerAttention, row: int, size: tuple[int, int], block: int) -> Floats:
    """One sentence's matrix [head, query, key] in blocks, made a tile of queries at a time."""
    queries, keys = size
    high = max(1, _TILE // (attention.heads * keys * block)) * block
    tiles = [
        blocks(
            attention.part(slice(first, min(first + high, queries)), row).weights[0, ..., :keys],
            block,
        )
        for first in range(0, queries, high)
    ]
    return _numpy(torch.cat(tiles, 1))


def blocks(weights: Tensor, block: int) -> Tensor:
    """Means over square blocks of [head, query, key]; the last block may be smaller."""
    if block == 1:
        return weights
    pool = torch.nn.functional.avg_pool2d
    return pool(weights[None], block, ceil_mode=True, count_include_pad=False)[0]


def _window(
    attention: LayerAttention, row: int, head: int, size: tuple[int, int], at: int
) -> Window:
    """Some queries of a long sentence, and the stretch of keys that they look at most.

    The windows' queries are spread over the sentence evenly: of two, one stands at a quarter. What
    stands first is left out where the keys are chosen: as a sink it would be in every window.
    """
    queries, keys = size
    start = max(0, (2 * at + 1) * queries // (2 * _WINDOWS) - QUERIES // 2)
    seen = (start, min(start + QUERIES, queries))
    weights = attention.part(slice(*seen), row).weights[0, head, :, :keys]
    width = min(KEYS, keys)
    received = weights.sum(0)
    received[0] = 0.0
    reach = received.unfold(0, width, 1).sum(-1)
    first = int(reach.argmax())
    looked_at = (first, first + width)
    return seen, looked_at, _numpy(weights[:, slice(*looked_at)])


def _numpy(values: Tensor) -> Floats:
    array: Floats = values.float().cpu().numpy().copy()
    return array
