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

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attnviz.attention.batch import Batch
from attnviz.attention.formulas import sum_diagonals
from attnviz.attention.layer import LayerAttention
from attnviz.attention.request import Request
from attnviz.attention.targets import Target
from attnviz.baselines.baseline import Array, Baseline, Kept, Watcher
from attnviz.baselines.convolution import convolved
from attnviz.measurement.pilot import Fit
from attnviz.roles.role import SELF
from attnviz.text.types import Tokens

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


class OtherSegmentKeeper(Watcher):
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
        habits = [_ratio(layer.weight[half].sum(0), layer.seen[half].sum(0)) for half in (0, 1)]
        across = np.zeros_like(layer.weight[:, 1])
        for place, one in enumerate(self._sentences):
            mass = layer.mass[:, self._starts[place] : self._starts[place + 1]].astype(np.float64)
            scale = _scale(one, mass, habits[one.half], causal=causal)
            across[one.half, :, : len(one.labels)] += _across(one, scale, causal=causal)
        like_other = []
        for half, habit in enumerate(habits):
            met = layer.seen[half, 1] > 0
            shares = _ratio(layer.weight[half, 1], habit * across[half])
            like_other.append(habit * np.where(met, shares, 1.0))
        return np.stack(habits), np.stack(like_other)


def expected(
    fit: Fit,
    sentences: Sequence[Tokens],
    targets: Sequence[Target],  # noqa: ARG001 - S_i is always the own segment
    kept: Kept | None,
) -> Array:
    """E of every sentence, summed over its queries, [sentence, head]; `kept` are their M."""
    if kept is None:
        raise ValueError("what tokens put on others was not kept")
    longest = max(map(len, sentences), default=1)
    causal = fit.arrays["causal"].tolist()
    edges = [0, *(at for at in range(1, len(causal)) if causal[at] != causal[at - 1]), len(causal)]
    sums = np.zeros((len(sentences), len(causal)))
    for first, last in pairwise(edges):
        habit, like_other = (
            _reaching(fit.arrays[name][:, first:last], longest) for name in ("habit", "like_other")
        )
        for place, tokens in enumerate(sentences):
            one, mass = _Segmented(tokens), kept[place][first:last].astype(np.float64)
            other = 1 - one.half
            scale = _scale(one, mass, habit[other], causal=causal[first])
            near = _near(one, like_other[other], causal=causal[first])
            on_own = scale * np.where(one.labels == 0, *near)
            sums[place, first:last] = np.minimum(on_own, mass).sum(-1)
    return sums


def _reaching(habits: Array, longest: int) -> Array:
    """Habits [half, head, distance] up to the distances of sentences of so many tokens.

    What lies beyond the pilot's is taken for the mean of the farthest eighth of them.
    """
    reach = habits.shape[-1]
    far = habits[..., -max(1, reach // 8) :].mean(-1, keepdims=True)
    return np.concatenate([habits, np.repeat(far, max(0, longest - reach), axis=-1)], axis=-1)


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


def _watch(sentences: Sequence[Tokens], stream: str) -> OtherSegmentKeeper | None:
    """Nothing where no text is a pair."""
    if not any(tokens.segments for tokens in sentences):
        return None
    return OtherSegmentKeeper(sentences, stream)


BASELINE = Baseline(
    name="other segment",
    title="the other segment at the same distance",
    about=(
        "What the tokens of its own segment would get if the head treated them as it treats those "
        "of the other one that are as far away, fitted on the other half of the sentences."
    ),
    formula="sum over i and over S_i of r(|i - j|) e_ij, at most M_i",
    order=60,
    streams=SELF,
    watch=_watch,
    expect=expected,
)
