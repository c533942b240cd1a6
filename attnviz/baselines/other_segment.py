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
from itertools import pairwise

import numpy as np

from attnviz.attention.targets import Target
from attnviz.baselines.baseline import Array, Baseline, Kept
from attnviz.baselines.convolution import convolved
from attnviz.measurement.pilot import Fit
from attnviz.roles.role import SELF
from attnviz.text.types import Tokens

_NONE = 1e-9
"""Below so much a habit is rounding."""


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
            sentence, mass = Segmented(tokens), kept[place][first:last].astype(np.float64)
            other = 1 - sentence.half
            scale = row_scale(sentence, mass, habit[other], causal=causal[first])
            near = near_sums(sentence, like_other[other], causal=causal[first])
            on_own = scale * np.where(sentence.labels == 0, *near)
            sums[place, first:last] = np.minimum(on_own, mass).sum(-1)
    return sums


def _reaching(habits: Array, longest: int) -> Array:
    """Habits [half, head, distance] up to the distances of sentences of so many tokens.

    What lies beyond the pilot's is taken for the mean of the farthest eighth of them.
    """
    reach = habits.shape[-1]
    far = habits[..., -max(1, reach // 8) :].mean(-1, keepdims=True)
    return np.concatenate([habits, np.repeat(far, max(0, longest - reach), axis=-1)], axis=-1)


class Segmented:
    """A sentence: its half, and 0 or 1 for each content token of a segment, -1 for others."""

    def __init__(self, tokens: Tokens) -> None:
        known = [-1 if segment is None else segment for segment in tokens.segments]
        segments = np.array(known or [-1] * len(tokens), np.int64)
        self.labels = np.where(tokens.content, segments, -1)
        self.half = tokens.sentence.half


def row_scale(sentence: Segmented, mass: Array, habit: Array, *, causal: bool) -> Array:
    """M_i / sum_k f(|i - k|), what makes expectations of a habit, [head, token]."""
    return ratio(mass, near_sums(sentence, habit, causal=causal).sum(0))


def near_sums(sentence: Segmented, habit: Array, *, causal: bool) -> Array:
    """For each token the sum of `habit` [head, distance] over each segment's other tokens.

    [segment, head, token]; in causal attention over those before it.
    """
    size = len(sentence.labels)
    left = habit[:, :size].copy()
    left[:, 0] = 0.0
    right = np.zeros_like(left) if causal else left
    around = np.concatenate([right[:, :0:-1], left], axis=1)
    keys = (sentence.labels == np.array([[[0]], [[1]]])).astype(np.float64)
    sums: Array = convolved(keys, around[None])[..., size - 1 : 2 * size - 1]
    return np.maximum(sums, 0.0)


def ratio(part: Array, whole: Array) -> Array:
    """`part` / `whole`, 0 where the whole is nothing but rounding."""
    shares: Array = np.divide(part, whole, out=np.zeros_like(part), where=whole > _NONE)
    return shares


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
    expect=expected,
)
