"""What words look at most, by every kernel, against plain sums in float64."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from attnviz.attention import inputs
from attnviz.attention.kernels import fused
from attnviz.attention.layer import LayerAttention
from attnviz.attention.mask import Mask
from attnviz.attention.request import JoinedRequest, Kernel
from attnviz.attention.words import WordRequest
from attnviz.text.merge import Pieces, last_looks
from tests.helpers.planted import Floats, layer, visible

pytestmark = pytest.mark.slow

Sentence = list[tuple[int, ...]]


@dataclass(frozen=True)
class Case:
    """A layer between sentences of some tokens, their words, and which tokens are content."""

    attention: LayerAttention
    words: WordRequest
    content: NDArray[np.bool_]

    def asked(self, kernel: Kernel) -> LayerAttention:
        """The layer, asked by a kernel what its words look at."""
        content = torch.from_numpy(self.content)
        joined = JoinedRequest(content, content, kernel=kernel, words=self.words)
        return replace(self.attention, joined=joined)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Words of one to four tokens, some of them apart, padding, sinks, tokens of no word."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    lengths = draw(st.lists(st.integers(2, 9), min_size=1, max_size=3))
    causal, longest = draw(st.booleans()), max(lengths)
    content = np.zeros((len(lengths), longest), np.bool_)
    words: list[Sentence] = []
    for row, length in enumerate(lengths):
        content[row, :length] = rng.random(length) > 0.2
        word = np.sort(rng.integers(0, length, length))
        if draw(st.booleans()):  # words whose tokens don't stand side by side
            rng.shuffle(word)
        known = row == 0 or draw(st.booleans())
        tokens = [
            np.flatnonzero((word == place) & content[row, :length]) for place in range(length)
        ]
        words.append([tuple(group.tolist()) for group in tokens if len(group) and known])
    pairs = [
        np.array(
            sorted({tuple(pair) for pair in rng.integers(0, len(groups), (6, 2)).tolist()}),
            np.int64,
        )
        if groups
        else np.zeros((0, 2), np.int64)
        for groups in words
    ]
    pieces: Pieces = draw(st.sampled_from(["auto", "mean", "last"]))
    query, key = (
        torch.from_numpy(3 * rng.normal(size=(len(lengths), heads, longest, 3))).float()
        for heads in (4, 2)
    )
    attention = LayerAttention(
        layer=0,
        query=query,
        key=key,
        scale=1.0,
        mask=Mask.of(visible(lengths, causal=causal)),
        sinks=torch.from_numpy(rng.normal(size=4)).float() if draw(st.booleans()) else None,
    )
    return Case(attention, WordRequest(words, pairs, pieces), content)


def expected(case: Case) -> tuple[Floats, Floats, Floats, Floats]:
    """From the weights in float64: what words put on others, on content, off it, and on pairs.

    The first [head, word, word of the same sentence], NaN where there is none and for itself.
    """
    layer = case.attention
    exact = replace(layer, query=layer.query.double(), key=layer.key.double())
    scores = exact.query @ exact.key.repeat_interleave(2, 1).transpose(-1, -2)
    scores = scores.masked_fill(~layer.mask.dense(), -1e300)
    sinks = torch.full((4,), -1e300, dtype=torch.float64) if layer.sinks is None else layer.sinks
    sink = sinks.double().view(1, 4, 1, 1).expand(*scores.shape[:-1], 1)
    weights = torch.cat([scores, sink], -1).softmax(-1)[..., :-1] * layer.mask.dense()
    last = last_looks(case.words.pieces, causal=layer.mask.causal)
    widest = max(map(len, case.words.tokens))
    others, on, off, on_pairs = [], [], [], []
    for row, groups in enumerate(case.words.tokens):
        matrix, content = weights[row].numpy(), case.content[row]
        of_words = np.zeros((4, len(groups), matrix.shape[-1]))
        for at, group in enumerate(groups):
            of_words[:, at] = matrix[:, list(group[-1:] if last else group)].mean(1)
        to_words = np.full((4, len(groups), widest), np.nan)
        for at, group in enumerate(groups):
            to_words[:, :, at] = of_words[:, :, list(group)].sum(-1)
        for looking, other in case.words.pairs[row]:
            on_pairs.append(to_words[:, looking, other].copy())
        to_words[:, range(len(groups)), range(len(groups))] = np.nan
        others.append(to_words)
        on.append(of_words[..., content].sum(-1))
        off.append(of_words[..., ~content].sum(-1))
    mass = np.array(on_pairs).reshape(-1, 4).T
    to_others, on_content, off_content = (np.concatenate(parts, 1) for parts in (others, on, off))
    return to_others, on_content, off_content, mass


@pytest.fixture(autouse=True, scope="module")
def small_blocks() -> Iterator[None]:
    """Blocks of two rows and tasks of three, so that words are cut by both."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fused, "CELLS", 192)
        patch.setattr(fused, "ROWS", 2)
        yield


@pytest.mark.parametrize(("kernel", "cells"), [("tiles", 24), ("tiles", 2**20), ("fused", 2**20)])
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(case=cases())
def test_words_look_at_what_float64_says(kernel: Kernel, cells: int, case: Case) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(inputs.CELLS, "cpu", cells)
        looks = case.asked(kernel).looks
    others, on_content, off, mass = expected(case)
    np.testing.assert_allclose(looks.left, off.sum(1), atol=1e-5)
    np.testing.assert_allclose(looks.mass, mass, atol=2e-6)
    best = looks.best.numpy()
    most = np.nanmax(np.concatenate([others, np.zeros((*others.shape[:2], 1))], 2), 2)
    for head, word in np.ndindex(*best.shape):
        if abs(on_content[head, word] - 0.1) < 1e-5 or most[head, word] < 1e-12:
            continue  # rounding decides
        if on_content[head, word] < 0.1:
            assert best[head, word] == -1
        else:
            assert best[head, word] >= 0
            assert others[head, word, best[head, word]] >= most[head, word] - 2e-6


@pytest.mark.parametrize("kernel", ["tiles", "fused"])
def test_of_equals_the_first_word_is_looked_at(kernel: Kernel) -> None:
    words = [(0,), (1, 2), (3,), (4, 5), (6,)]
    rows = np.full((2, 7, 7), 1 / 7)  # words of two tokens have most
    rows[1] = [1 / 3, 0.0, 0.0, 1 / 3, 0.0, 0.0, 1 / 3]  # they have nothing
    content = np.ones((1, 7), np.bool_)
    case = Case(layer([rows]), WordRequest([words], [np.zeros((0, 2), np.int64)]), content)
    assert case.asked(kernel).looks.best.tolist() == [[1, 3, 1, 1, 1], [2, 0, 0, 0, 0]]
