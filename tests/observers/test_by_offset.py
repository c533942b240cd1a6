"""Attention by offset, added up by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnviz.attention.batch import make
from attnviz.attention.request import join
from attnviz.evidence.distances import Offsets, mean_offsets
from attnviz.measurement.stream import LayerShape, StreamSums
from attnviz.observers.by_offset import OffsetKeeper
from attnviz.observers.totals import REACH
from attnviz.text.types import Tokens
from tests.helpers.planted import Floats, at_offset, even, layer, sentence

ZERO = REACH + 1


def kept(texts: Sequence[Tokens], weights: Sequence[Floats], *, causal: bool = False) -> StreamSums:
    keeper = OffsetKeeper()
    batch = make(texts, 0, torch.device("cpu"))
    request = keeper.ask(batch, range(len(texts)))
    keeper.begin(batch, range(len(texts)))
    keeper.see(replace(layer(weights, causal=causal), joined=join(batch, [request])))
    shape = LayerShape(0, len(weights[0]), 1, 1, causal=causal)
    return StreamSums(totals=keeper.totals(), layers=(shape,))


def offsets(texts: Sequence[Tokens], weights: Sequence[Floats], *, causal: bool = False) -> Offsets:
    means = mean_offsets(kept(texts, weights, causal=causal))
    assert means is not None
    return means


def test_each_offset_has_its_mean_share_of_the_content_queries() -> None:
    # [CLS] asks nothing; "a" looks one to the right with 0.6, "b" one to the left with 0.8.
    rows = np.array([[1.0, 0.0, 0.0], [0.1, 0.3, 0.6], [0.1, 0.8, 0.1]])
    found = offsets([sentence("[CLS] a b")], [rows[None]])
    near = found.own[0, ZERO - 2 : ZERO + 3]
    np.testing.assert_allclose(near, [0.05, 0.45, 0.2, 0.3, 0.0], atol=1e-6)
    # Uniform attention: a third for each of -1, 0, 1 of "a", and of -2, -1, 0 of "b".
    even_near = found.uniform[0, ZERO - 2 : ZERO + 3]
    np.testing.assert_allclose(even_near, [1 / 6, 1 / 3, 1 / 3, 1 / 6, 0.0], atol=1e-6)
    assert not found.causal


def test_what_lies_beyond_is_summed_up() -> None:
    tokens = sentence(" ".join("abcdefghijklmnopqrstuvwxyz"))
    rows = np.zeros((26, 26))
    rows[:, 0] = 1.0  # all look at the first: 26 offsets, of which those beyond -16 are 9
    found = offsets([tokens], [rows[None]])
    assert found.own[0, 0] == np.float64(9 / 26)
    np.testing.assert_allclose(found.own[0, 1 : ZERO + 1], 1 / 26, rtol=1e-6)
    assert found.own[0, ZERO + 1 :].sum() == 0


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.lists(st.integers(2, 40), min_size=1, max_size=3), st.integers(-3, 3), st.booleans())
def test_shares_add_up_to_one_and_causal_heads_look_left(
    lengths: list[int], offset: int, causal: bool
) -> None:
    texts = [sentence(" ".join(f"w{k}" for k in range(many))) for many in lengths]
    head = at_offset(offset, 0.7)
    found = offsets(texts, [np.stack([head(one), even(one)]) for one in texts], causal=causal)
    for shares in (found.own, found.uniform):
        np.testing.assert_allclose(shares.sum(-1), 1.0, atol=1e-5)
    np.testing.assert_allclose(found.own[1], found.uniform[1], atol=1e-5)
    assert found.causal == causal
    if causal:
        assert found.own[:, ZERO + 1 :].sum() == 0


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(2, 30), st.integers(0, 2)), min_size=1, max_size=6))
def test_parts_of_a_text_added_in_any_order_are_the_whole(parts: list[tuple[int, int]]) -> None:
    def of(lengths: list[int]) -> StreamSums:
        texts = [sentence(" ".join(f"w{k}" for k in range(many))) for many in lengths]
        return kept(texts, [np.stack([at_offset(-1, 0.7)(one), even(one)]) for one in texts])

    by_part: dict[int, list[int]] = {}
    for many, part in parts:
        by_part.setdefault(part, []).append(many)
    pieces = [of(lengths) for lengths in by_part.values()]
    whole = mean_offsets(of([many for many, _ in parts]))
    for summed in (reduce(add, pieces), reduce(add, pieces[::-1])):
        means = mean_offsets(summed)
        assert whole is not None
        assert means is not None
        np.testing.assert_allclose(means.own, whole.own, atol=1e-6)
        np.testing.assert_allclose(means.uniform, whole.uniform, atol=1e-6)


def test_cross_attention_has_no_offsets() -> None:
    assert mean_offsets(StreamSums()) is None
