"""Attention between words is made of that between their tokens, whatever the architecture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnviz.attention.layer import LayerAttention
from attnviz.attention.mask import Mask
from attnviz.attention.merge import Merge, MergedAttention, Units, Wording
from attnviz.models.run import observe
from attnviz.text.merge import Groups, Merged, Pieces, last_looks
from attnviz.text.types import Tokens
from tests.helpers import eager, exact, measure, tiny
from tests.helpers.measure import Floats, Recorder
from tests.helpers.merged import SOURCES, by_hand, groups_of
from tests.helpers.planted import layer, sentence
from tests.helpers.rounding import Rounding

pytestmark = pytest.mark.slow

# Plain, grouped, with sinks, soft caps, windows, position bias, by hooks, and of two stacks.
KINDS = ["bert", "llama", "gpt_oss", "gemma2", "mistral", "bloom", "longformer", "t5", "bart"]
TARGETS = [((0,), (1,), (2, 3, 4)), ((0,), (1, 2), (3, 4, 5))]


def texts(groups: Sequence[Groups], seed: int) -> tuple[list[Tokens], list[Merged]]:
    """Random tokens, and the words that they are merged into."""
    lengths = tuple(sum(map(len, one)) for one in groups)
    generator = torch.Generator().manual_seed(seed)
    tokens = tiny.tokens(torch.randint(5, 60, (2, max(lengths)), generator=generator), lengths)
    words = [sentence(" ".join("abcdefghij"[: len(one)])) for one in groups]
    return tokens, [Merged(*both) for both in zip(words, groups, strict=True)]


def padded(sentences: Sequence[Floats]) -> Floats:
    """Matrices [head, query, key] of several sizes as one, zero where there is none."""
    high, wide = (max(one.shape[axis] for one in sentences) for axis in (1, 2))
    out = np.zeros((len(sentences), len(sentences[0]), high, wide))
    for row, weights in enumerate(sentences):
        out[row, :, : weights.shape[1], : weights.shape[2]] = weights
    return out


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pieces", get_args(Pieces))
def test_every_number_is_that_of_the_merged_matrix(kind: str, pieces: Pieces) -> None:
    loaded, reference = tiny.loaded(kind), tiny.model(kind, "eager")
    tokens, words = texts(SOURCES, 1)
    targets, target_words = texts(TARGETS, 2) if loaded.encoder_decoder else (None, None)
    recorders = [Recorder(stream) for stream in loaded.streams]
    outputs = tiny.Outputs(loaded)
    wording = Wording(words, target_words, pieces)
    observe(outputs.loaded, tokens, recorders, targets=targets, wording=wording)

    own = eager.run(reference, outputs.asked, output_attentions=True)
    wide = tiny.model(kind, "eager")
    right = exact.run(wide, outputs.asked)
    rounding = Rounding()
    for recorder in recorders:
        queries = TARGETS if recorder.stream in ("decoder", "cross") else SOURCES
        keys = TARGETS if recorder.stream == "decoder" else SOURCES
        expected = eager.attentions(right, recorder.stream, wide)
        by_eager = eager.attentions(own, recorder.stream, reference)
        for number, both in enumerate(zip(expected, by_eager, strict=True)):
            layer_of_words = recorder.layers[number]
            assert isinstance(layer_of_words, MergedAttention)
            last = last_looks(pieces, causal=layer_of_words.tokens.mask.causal)
            merged, rounded = (
                padded(
                    [
                        by_hand(row, query, key, last=last)
                        for row, query, key in zip(weights, queries, keys, strict=True)
                    ]
                )
                for weights in both
            )
            rounding.add(
                measure.errors(layer_of_words, recorder.batch, merged),
                measure.eager_errors(rounded, recorder.batch, merged),
            )
    rounding.check()


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=6), min_size=1, max_size=3),
    st.booleans(),
    st.sampled_from([None, 1, 2, 4]),
    st.sampled_from(get_args(Pieces)),
)
def test_a_word_sees_the_words_of_which_it_sees_a_token(
    sizes: list[list[int]], causal: bool, window: int | None, pieces: Pieces
) -> None:
    groups = [groups_of(one) for one in sizes]
    longest = max(map(sum, sizes))
    apart = torch.arange(longest) - torch.arange(longest)[:, None]
    seen = torch.tensor([[j < sum(one) for j in range(longest)] for one in sizes])[:, None, None]
    seen = seen & (apart <= 0 if causal else apart < longest)
    seen = seen & (apart.abs() < (window or longest + 1))
    attention = LayerAttention(
        layer=0,
        query=torch.zeros(len(sizes), 1, longest, 1),
        key=torch.zeros(len(sizes), 1, longest, 1),
        scale=1.0,
        mask=Mask.of(seen.expand(-1, -1, longest, -1)),
    )
    units = Units.of(groups, longest, torch.device("cpu"))
    found = Merge(units, units, pieces).layer(attention, None)
    last = last_looks(pieces, causal=attention.mask.causal)
    for row, one in enumerate(groups):
        expected = by_hand(attention.weights[row].double().numpy(), one, one, last=last)
        inside = slice(len(one))
        dense = found.mask.dense().expand(len(sizes), -1, -1, -1)
        np.testing.assert_array_equal(dense[row, 0, inside, inside], expected[0] > 0)
        np.testing.assert_allclose(found.weights[row, :, inside, inside], expected, atol=1e-6)


def test_a_part_is_some_rows_of_the_whole() -> None:
    generator = np.random.default_rng(3)
    weights = generator.dirichlet(np.ones(9), size=(2, 9))
    units = Units.of([SOURCES[1]], 9, torch.device("cpu"))
    whole = Merge(units, units).layer(layer([weights]), None)
    for rows in (slice(1, 4), torch.tensor([4, 0, 2])):
        torch.testing.assert_close(whole.part(rows, 0).weights, whole.weights[:, :, rows])
    assert whole.part(slice(2, 3)).tokens.mask.queries == 1, "no more rows than are asked for"


def test_words_that_stand_apart_or_cross_are_merged_all_the_same() -> None:
    groups: Groups = ((0, 3), (1, 2))
    weights = np.random.default_rng(4).dirichlet(np.ones(4), size=(1, 4))
    units = Units.of([groups], 4, torch.device("cpu"))
    found = Merge(units, units).layer(layer([weights]), None)
    expected = by_hand(weights, groups, groups, last=False)
    np.testing.assert_allclose(found.weights[0], expected, rtol=1e-6)
    assert found.mask.dense().all()


def test_chance_is_even_attention_over_tokens() -> None:
    """Else every head that looks nowhere in particular would seem to seek long words."""
    groups: Groups = ((0,), (1, 2, 3))
    units = Units.of([groups], 4, torch.device("cpu"))
    even = Merge(units, units).layer(layer([np.full((1, 4, 4), 0.25)]), None).uniform
    np.testing.assert_allclose(even.weights[0, 0], [[0.25, 0.75], [0.25, 0.75]])
    assert even.counts.tolist() == [[[2.0, 2.0]]]


def test_what_a_sink_takes_no_word_gets() -> None:
    weights = np.array([[[0.2, 0.3, 0.1]] * 3])
    attention = replace(layer([weights]), sinks=torch.zeros(1))
    units = Units.of([((0, 1), (2,))], 3, torch.device("cpu"))
    found = Merge(units, units).layer(attention, None)
    assert found.sinks is not None
    # 0.6 for the tokens beside e^0 = 1 for the sink.
    np.testing.assert_allclose(found.total[0, 0], [0.375, 0.375], rtol=1e-6)
