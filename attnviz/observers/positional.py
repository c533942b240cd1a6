"""Attention by offset in each half, from which the positional profile is fitted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention
from attnviz.attention.request import Request
from attnviz.attention.shelf import Shelf
from attnviz.attention.transfer import to_device
from attnviz.baselines.baseline import Array
from attnviz.measurement.pilot import Fit
from attnviz.observers import handover
from attnviz.observers.watcher import Watch, Watcher


class ProfileKeeper(Watcher):
    """Observes layers and adds up attention by offset, apart for the two halves."""

    def __init__(self, longest: int, stream: str = "") -> None:
        self.stream = stream
        self._width = 2 * longest - 1
        self._mass: dict[int, Array] = {}
        self._seen: dict[int, Array] = {}
        self._shelf = Shelf()
        self._handover = handover.Handover()

    def ask(self, batch: Batch, places: Sequence[int]) -> Request:  # noqa: ARG002 - an observer
        """Sums by offset."""
        return Request(needs=frozenset({"by_offset"}))

    def begin(self, batch: Batch, places: Sequence[int]) -> None:  # noqa: ARG002 - an observer
        """Starts a batch."""
        halves = [[tokens.sentence.half == half for tokens in batch.sentences] for half in (0, 1)]
        self._halves = np.array(halves, np.float32)
        self._rows = batch.content

    def see(self, attention: LayerAttention) -> None:
        """Adds one layer of the batch."""
        self._add(self._mass, attention.layer, attention.by_offset)
        seen = attention.once("seen offsets", lambda: attention.mask.by_offset(self._rows)[:, None])
        self._add(self._seen, attention.layer, seen)

    def end(self) -> None:
        """Ends the batch."""
        self._handover.settle()

    def fit(self) -> Fit:
        """The profile of every head, layer by layer: the arrays of a `PositionalProfile`."""
        layers = sorted(self._mass)
        zero = self._width // 2
        means = [_ratio(self._mass[layer], self._seen[layer]) for layer in layers]
        # Every query sees itself, so the offset 0 counts the rows.
        totals = [
            _ratio(self._mass[layer].sum(-1), self._seen[layer][..., zero]) for layer in layers
        ]
        by_offset, total = np.concatenate(means, axis=1), np.concatenate(totals, axis=1)
        for half in (0, 1):
            # Without sentences a half has no habits; those of the other are the stricter baseline.
            if not any(self._seen[layer][half].any() for layer in layers):
                by_offset[half], total[half] = by_offset[1 - half], total[1 - half]
        return Fit({"by_offset": by_offset, "total": total})

    def _add(self, sums: dict[int, Array], layer: int, offsets: torch.Tensor) -> None:
        halves, (_, heads, width) = self._halves, offsets.shape
        if handover.is_away(offsets):
            on_device = to_device(halves, offsets.device)
            offsets = (on_device @ offsets.flatten(1)).view(2, heads, width)
            halves = np.eye(2, dtype=np.float32)

        def add(of_sentences: NDArray[np.float32]) -> None:
            of_halves = (halves @ of_sentences.reshape(len(of_sentences), -1)).reshape(
                2, heads, width
            )
            if layer not in sums:
                sums[layer] = self._shelf.zeros((2, heads, self._width))
            margin = (self._width - width) // 2
            sums[layer][..., margin : margin + width] += of_halves.reshape(2, heads, width)

        self._handover.add(add, offsets)


def _ratio(part: Array, whole: Array) -> Array:
    """`part` / `whole`, 0 where nothing was seen."""
    whole = np.broadcast_to(whole, part.shape)
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


WATCH = Watch(
    name="profile",
    make=lambda sentences, stream: ProfileKeeper(max(map(len, sentences)), stream),
)
