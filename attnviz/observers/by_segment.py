"""Attention by distance within each text of a pair and across, for `baselines.other_segment`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attnviz.attention.batch import Batch
from attnviz.attention.formulas import sum_diagonals
from attnviz.attention.layer import LayerAttention
from attnviz.attention.transfer import to_device
from attnviz.baselines.baseline import Array, Kept
from attnviz.baselines.convolution import convolved
from attnviz.baselines.other_segment import Segmented, ratio, row_scale
from attnviz.measurement.pilot import Fit
from attnviz.observers.handover import Handover
from attnviz.observers.watcher import Watch, Watcher
from attnviz.text.types import Tokens

_CELLS = 2**22
"""Weights that are looked at together."""


@dataclass(frozen=True, eq=False)
class _Layer:
    """What is kept of a layer.

    `weight` [half, own or other, head, distance] is attention between content tokens, `seen`
    [half, own or other, 1, distance] how many pairs it is over; `mass` [head, token] the attention
    of each token to the others, sentences one after the other.
    """

    weight: Array
    seen: Array
    mass: NDArray[np.float32]
    causal: list[bool]


class OtherSegmentKeeper(Watcher):
    """Observes layers and adds up attention by distance, apart for own segment and other."""

    def __init__(self, sentences: Sequence[Tokens], stream: str = "") -> None:
        self.stream = stream
        self._sentences = [Segmented(tokens) for tokens in sentences]
        self._starts = np.concatenate([[0], np.cumsum([len(tokens) for tokens in sentences])])
        self._width = max(map(len, sentences))
        self._layers: dict[int, _Layer] = {}
        self._handover = Handover()

    def begin(self, batch: Batch, places: Sequence[int]) -> None:
        """Starts a batch whose sentences have the given places."""
        self._places = list(places)
        ours = [self._sentences[place] for place in places]
        labels = np.full((len(ours), batch.length), -1, np.int64)
        for row, sentence in enumerate(ours):
            labels[row, : len(sentence.labels)] = sentence.labels
        device = batch.ids.device
        self._labels = to_device(labels, device)
        halves = [[sentence.half == half for sentence in ours] for half in (0, 1)]
        self._halves = to_device(np.array(halves, np.float32), device)

    def see(self, attention: LayerAttention) -> None:
        """Adds one layer of the batch, some rows at a time."""
        kept = self._kept(attention)
        batch, heads, queries, _ = attention.query.shape
        step = max(1, _CELLS // (batch * heads * attention.mask.keys))
        for first in range(0, queries, step):
            rows = slice(first, min(first + step, queries))
            part = attention.part(rows)
            weights, seen = part.weights, part.mask.dense()[:, 0].float()
            masks = self._masks(rows)
            for which, mask in enumerate(masks):  # [batch, query, key]
                on = torch.einsum("sb,bhqk->shqk", self._halves, weights * mask[:, None])
                there = torch.einsum("sb,bqk->sqk", self._halves, seen * mask)[:, None]
                for sums, weighed in ((kept.weight, on), (kept.seen, there)):
                    add = partial(_add_by_distance, sums[:, which], first, weighed.shape[2])
                    self._handover.add(add, sum_diagonals(weighed))
            mass = (weights * (masks[0] + masks[1])[:, None]).sum(-1)
            self._handover.add(partial(self._keep_mass, kept, first), mass)

    def end(self) -> None:
        """Ends the batch."""
        self._handover.settle()

    def _keep_mass(self, kept: _Layer, first: int, mass: NDArray[np.float32]) -> None:
        """Keeps the mass [batch, head, row] of rows from `first` on."""
        for row, place in enumerate(self._places):
            start, stop = self._starts[place] + first, self._starts[place + 1]
            stop = min(stop, start + mass.shape[2])
            kept.mass[:, start:stop] = mass[row, :, : max(stop - start, 0)]

    def _kept(self, attention: LayerAttention) -> _Layer:
        causal = attention.mask.causal
        if attention.layer not in self._layers:
            self._layers[attention.layer] = _Layer(
                np.zeros((2, 2, attention.heads, self._width)),
                np.zeros((2, 2, 1, self._width)),
                np.zeros((attention.heads, self._starts[-1]), np.float32),
                [],
            )
        kept = self._layers[attention.layer]
        kept.causal.append(causal)
        return kept

    def _masks(self, rows: slice) -> tuple[Tensor, Tensor]:
        """Which keys are of the query's own segment, itself left out, and which of the other."""
        query, key = self._labels[:, rows, None], self._labels[:, None]
        content = (query >= 0) & (key >= 0)
        places = torch.arange(key.shape[-1], device=key.device)
        own = content & (query == key) & (places[rows, None] != places)
        return own.float(), (content & (query != key)).float()

    def fit(self) -> Fit:
        """The habits of every head, layer by layer.

        `habit` and `like_other` [half, head, distance] are f and r f, `causal` [head] says where
        queries see keys before them only.
        """
        layers = [self._layers[number] for number in sorted(self._layers)]
        runs = [
            (causal, _side_by_side(list(some)))
            for causal, some in groupby(layers, key=lambda layer: all(layer.causal))
        ]
        habits, like_other = zip(
            *(self._habits(layer, causal=causal) for causal, layer in runs), strict=True
        )
        causal = [np.full(len(layer.mass), causal) for causal, layer in runs]
        arrays = {"habit": np.concatenate(habits, 1), "like_other": np.concatenate(like_other, 1)}
        return Fit({**arrays, "causal": np.concatenate(causal)})

    def kept(self) -> Kept:
        """The attention of each token to the other content tokens, M, of each sentence."""
        layers = [self._layers[number].mass for number in sorted(self._layers)]
        return [
            np.concatenate([mass[:, start:stop] for mass in layers])
            for start, stop in pairwise(self._starts)
        ]

    def _habits(self, layer: _Layer, *, causal: bool) -> tuple[Array, Array]:
        habits = [ratio(layer.weight[half].sum(0), layer.seen[half].sum(0)) for half in (0, 1)]
        across = np.zeros_like(layer.weight[:, 1])
        for place, sentence in enumerate(self._sentences):
            mass = layer.mass[:, self._starts[place] : self._starts[place + 1]].astype(np.float64)
            scale = row_scale(sentence, mass, habits[sentence.half], causal=causal)
            across[sentence.half, :, : len(sentence.labels)] += _across(
                sentence, scale, causal=causal
            )
        like_other = []
        for half, habit in enumerate(habits):
            met = layer.seen[half, 1] > 0
            shares = ratio(layer.weight[half, 1], habit * across[half])
            like_other.append(habit * np.where(met, shares, 1.0))
        return np.stack(habits), np.stack(like_other)


def _side_by_side(layers: Sequence[_Layer]) -> _Layer:
    """Several layers as one that has all their heads: what is done once a sentence costs little."""
    seen = [np.broadcast_to(layer.seen, layer.weight.shape) for layer in layers]
    return _Layer(
        np.concatenate([layer.weight for layer in layers], axis=2),
        np.concatenate(seen, axis=2),
        np.concatenate([layer.mass for layer in layers]),
        layers[0].causal,
    )


def _across(sentence: Segmented, scale: Array, *, causal: bool) -> Array:
    """`scale` [head, token] of the queries of all pairs across segments, [head, distance]."""
    size = len(sentence.labels)
    sums = np.zeros_like(scale)
    for which in (0, 1):
        keys = (sentence.labels == 1 - which)[None].astype(np.float64)
        by_offset = convolved(keys, (scale * (sentence.labels == which))[:, ::-1])
        sums += by_offset[:, size - 1 :: -1]
        if not causal:
            sums += by_offset[:, size - 1 :]
    return np.maximum(sums, 0.0)


def _add_by_distance(sums: Array, first: int, rows: int, by_offset: NDArray[np.float32]) -> None:
    """Adds to [half, head, distance] what so many rows have by offset, from the row `first` on."""
    offsets = np.arange(by_offset.shape[-1]) - (rows - 1) - first
    by_distance, exact = np.zeros_like(sums), by_offset.astype(np.float64)
    for side in (offsets >= 0, offsets < 0):
        near = side & (abs(offsets) < sums.shape[-1])
        by_distance[..., abs(offsets[near])] += exact[..., near]
    sums += by_distance


def _watch(sentences: Sequence[Tokens], stream: str) -> OtherSegmentKeeper | None:
    """Nothing where no text is a pair."""
    if not any(tokens.segments for tokens in sentences):
        return None
    return OtherSegmentKeeper(sentences, stream)


WATCH = Watch(name="other segment", make=_watch)
