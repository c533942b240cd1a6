"""What a head would put on its own segment if it treated it as it treats the other one.

Of two tokens of a pair those of one text are mostly near and those of different texts mostly far
apart, so a head that looks at neighbours looks at its own segment. What tells a block is that a key
of the other segment at the same distance gets less.

Weights at the same distance can't be compared as they are: a token at the end of a sentence has
fewer neighbours, and each of them gets more. So they are compared with what distance leads to
expect in their row. With M_i the attention of query i to all other content tokens that it sees, and
f(d) the head's mean weight on content tokens d tokens away, of either segment,

    e_ij = M_i f(|i - j|) / sum_k f(|i - k|)
    r(d) = sum a_ij / sum e_ij     over i and j of different segments with |i - j| = d
    E_i = sum over S_i of r(|i - j|) e_ij, at most M_i.

f and r are fitted on one half of the sentences and E scored on the other. Where distance alone
decides, r is 1 and E the score; where a head looks at its own segment only, r and E are 0. At
distances at which no key of the other segment is ever found (one token: a separator stands
between) nothing tells block from neighbourhood, and r is 1: all of it is laid to distance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attnviz.attention.batch import Batch
from attnviz.attention.formulas import sum_diagonals
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.attention.request import Request
from attnviz.evidence.convolution import convolved
from attnviz.text.types import Tokens

Array = NDArray[np.float64]

_CELLS = 2**22
"""Weights that are looked at together."""

_NONE = 1e-9
"""Below so much a habit is rounding."""


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


class OtherSegmentKeeper(Observer):
    """Observes layers and adds up attention by distance, apart for own segment and other."""

    def __init__(self, sentences: Sequence[Tokens], stream: str = "") -> None:
        self.stream = stream
        self._sentences = [_Segmented(tokens) for tokens in sentences]
        self._starts = np.concatenate([[0], np.cumsum([len(one) for one in sentences])])
        self._width = max(map(len, sentences))
        self._layers: dict[int, _Layer] = {}

    def begin(self, batch: Batch, places: Sequence[int]) -> Request:
        """Starts a batch whose sentences have the given places."""
        self._places = list(places)
        ours = [self._sentences[place] for place in places]
        labels = np.full((len(ours), batch.length), -1, np.int64)
        for row, one in enumerate(ours):
            labels[row, : len(one.labels)] = one.labels
        device = batch.ids.device
        self._labels = torch.from_numpy(labels).to(device)
        halves = [[one.half == half for one in ours] for half in (0, 1)]
        self._halves = torch.tensor(halves, device=device).float()
        return Request()

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
                kept.weight[:, which] += _by_distance(on, first, self._width)
                kept.seen[:, which] += _by_distance(there, first, self._width)
            mass = (weights * (masks[0] + masks[1])[:, None]).sum(-1).cpu().numpy()
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

    def expected(self) -> Array:
        """E of every sentence, summed over its queries: [sentence, head of the whole model]."""
        layers = [self._layers[number] for number in sorted(self._layers)]
        alike = groupby(layers, key=lambda layer: all(layer.causal))
        found = [self._of(_side_by_side(list(some)), causal=causal) for causal, some in alike]
        return np.concatenate(found, axis=1)

    def _of(self, layer: _Layer, *, causal: bool) -> Array:
        habits = [_ratio(layer.weight[half].sum(0), layer.seen[half].sum(0)) for half in (0, 1)]
        across = np.zeros_like(layer.weight[:, 1])
        for one, mass in self._rows(layer):
            scale = _scale(one, mass, habits[one.half], causal=causal)
            across[one.half, :, : len(one.labels)] += _across(one, scale, causal=causal)
        like_other = []
        for half, habit in enumerate(habits):
            met = layer.seen[half, 1] > 0
            found = _ratio(layer.weight[half, 1], habit * across[half])
            like_other.append(habit * np.where(met, found, 1.0))
        expected = np.zeros((len(self._sentences), len(layer.mass)))
        for place, (one, mass) in enumerate(self._rows(layer)):
            scale = _scale(one, mass, habits[1 - one.half], causal=causal)
            first, second = _near(one, like_other[1 - one.half], causal=causal)
            on_own = scale * np.where(one.labels == 0, first, second)
            expected[place] = np.minimum(on_own, mass).sum(-1)
        return expected

    def _rows(self, layer: _Layer) -> Iterator[tuple[_Segmented, Array]]:
        """Each sentence with the attention of its tokens to the others, [head, token]."""
        for place, one in enumerate(self._sentences):
            mass = layer.mass[:, self._starts[place] : self._starts[place + 1]]
            yield one, mass.astype(np.float64)


def _side_by_side(layers: Sequence[_Layer]) -> _Layer:
    """Several layers as one that has all their heads: what is done once a sentence costs little."""
    seen = [np.broadcast_to(one.seen, one.weight.shape) for one in layers]
    return _Layer(
        np.concatenate([one.weight for one in layers], axis=2),
        np.concatenate(seen, axis=2),
        np.concatenate([one.mass for one in layers]),
        layers[0].causal,
    )


class _Segmented:
    """A sentence: its half, and 0 or 1 for each content token of a segment, -1 for others."""

    def __init__(self, tokens: Tokens) -> None:
        of = [-1 if one is None else one for one in tokens.segments] or [-1] * len(tokens)
        self.labels = np.where(tokens.content, np.array(of, np.int64), -1)
        self.half = tokens.sentence.half


def _scale(one: _Segmented, mass: Array, habit: Array, *, causal: bool) -> Array:
    """M_i / sum_k f(|i - k|), what makes expectations of a habit, [head, token]."""
    return _ratio(mass, _near(one, habit, causal=causal).sum(0))


def _near(one: _Segmented, habit: Array, *, causal: bool) -> Array:
    """For each token the sum of `habit` [head, distance] over each segment's other tokens.

    [segment, head, token]; in causal attention over those before it.
    """
    size = len(one.labels)
    left = habit[:, :size].copy()
    left[:, 0] = 0.0
    right = np.zeros_like(left) if causal else left
    around = np.concatenate([right[:, :0:-1], left], axis=1)
    keys = (one.labels == np.array([[[0]], [[1]]])).astype(np.float64)
    sums: Array = convolved(keys, around[None])[..., size - 1 : 2 * size - 1]
    return np.maximum(sums, 0.0)


def _across(one: _Segmented, scale: Array, *, causal: bool) -> Array:
    """`scale` [head, token] of the queries of all pairs across segments, [head, distance]."""
    size = len(one.labels)
    found = np.zeros_like(scale)
    for which in (0, 1):
        keys = (one.labels == 1 - which)[None].astype(np.float64)
        by_offset = convolved(keys, (scale * (one.labels == which))[:, ::-1])
        found += by_offset[:, size - 1 :: -1]
        if not causal:
            found += by_offset[:, size - 1 :]
    return np.maximum(found, 0.0)


def _by_distance(weights: Tensor, first: int, width: int) -> Array:
    """Sums of [half, head, query, key] by |query - key|, queries from `first` on."""
    rows = weights.shape[2]
    offsets = np.arange(weights.shape[2] + weights.shape[3] - 1) - (rows - 1) - first
    sums = sum_diagonals(weights).cpu().double().numpy()
    found = np.zeros((*sums.shape[:2], width))
    for side in (offsets >= 0, offsets < 0):
        near = side & (abs(offsets) < width)
        found[..., abs(offsets[near])] += sums[..., near]
    return found


def _ratio(part: Array, whole: Array) -> Array:
    """`part` / `whole`, 0 where the whole is nothing but rounding."""
    found: Array = np.divide(part, whole, out=np.zeros_like(part), where=whole > _NONE)
    return found
