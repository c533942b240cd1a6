"""The matrices of the few sentences that are drawn."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from torch import Tensor
from torch.nn.functional import avg_pool2d

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.attention.targets import Floats


@dataclass
class Drawn:
    """One sentence's matrices: all heads in blocks, [head, query, key] a layer, and some whole."""

    block: int
    layers: dict[int, Floats] = field(default_factory=dict)
    heads: dict[tuple[int, int], Floats] = field(default_factory=dict)


class MatrixKeeper(Observer):
    """Keeps every head of each sentence, and the `wanted` (layer, head) without blocks.

    Sentences of more than `most` tokens are kept as means of square blocks, so that a long one
    takes no more room than a short one.
    """

    def __init__(self, wanted: Collection[tuple[int, int]], most: int) -> None:
        self._wanted = wanted
        self._most = most
        self.drawn: dict[int, Drawn] = {}

    def begin(self, batch: Batch, places: Sequence[int]) -> None:
        """Starts a batch of sentences to draw."""
        self._rows = []
        for row, (place, tokens) in enumerate(zip(places, batch.sentences, strict=True)):
            size = len(tokens)
            drawn = self.drawn[place] = Drawn(block=-(-size // self._most))
            self._rows.append((row, size, drawn))

    def see(self, attention: LayerAttention) -> None:
        """Keeps one layer."""
        for row, size, drawn in self._rows:
            weights = attention.weights[row, :, :size, :size]
            drawn.layers[attention.layer] = _numpy(blocks(weights, drawn.block))
            for layer, head in self._wanted:
                if layer == attention.layer and head < attention.heads:
                    drawn.heads[layer, head] = _numpy(weights[head])


def blocks(weights: Tensor, block: int) -> Tensor:
    """Means over square blocks of [head, query, key]; the last block may be smaller."""
    if block == 1:
        return weights
    return avg_pool2d(weights[None], block, ceil_mode=True, count_include_pad=False)[0]


def _numpy(values: Tensor) -> Floats:
    array: Floats = values.float().cpu().numpy().copy()
    return array
