"""What is known of the layers once they have run: heads, key heads, windows, the direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from attnviz.attention.batch import make
from attnviz.attention.layer import LayerAttention
from attnviz.attention.mask import Mask
from attnviz.measurement.stream import StreamSums
from attnviz.observers.layers import Surveyor
from tests.helpers.long import CPU, HEADS, random_layers, words
from tests.helpers.planted import see, visible


def causal_window(
    number: int, lengths: Sequence[int], reach: int, heads: tuple[int, int] = (4, 2)
) -> LayerAttention:
    """A layer in which each query sees itself and what stands less than `reach` before it."""
    size = max(lengths)
    seen = visible(lengths, causal=True)
    seen &= torch.ones(size, size, dtype=torch.bool).triu(1 - reach)
    return LayerAttention(
        layer=number,
        query=torch.zeros(len(lengths), heads[0], size, 1),
        key=torch.zeros(len(lengths), heads[1], size, 1),
        scale=1.0,
        mask=Mask.of(seen),
    )


def shapes(survey: Surveyor) -> tuple[tuple[int, int, int, int | None], ...]:
    """Number, heads, key heads and window of each layer."""
    sums = StreamSums(layers=survey.shapes(), longest=survey.longest)
    return tuple(
        (layer.number, layer.heads, layer.key_heads, sums.window(layer)) for layer in sums.layers
    )


def test_a_survey_of_layers_with_gaps_and_shapes() -> None:
    survey = Surveyor()
    for lengths in ((8, 5), (12,)):
        batch = make([words(size) for size in lengths], 0, CPU)
        shown = [
            causal_window(5, lengths, 3),
            causal_window(0, lengths, 99, (6, 1)),
            causal_window(2, lengths, 8, (4, 4)),
        ]
        see(shown, [survey], batch, range(len(lengths)))
    # By number, whatever the order that they ran in; 1, 3 and 4 have no attention.
    assert shapes(survey) == ((0, 6, 1, None), (2, 4, 4, 8), (5, 4, 2, 3))
    assert all(layer.causal for layer in survey.shapes())


def test_a_window_shows_once_a_sentence_is_longer_than_it() -> None:
    survey = Surveyor()
    for size, window in ((4, None), (6, None), (7, 6), (5, 6)):
        see([causal_window(0, [size], 6)], [survey], make([words(size)], 0, CPU), [0])
        assert shapes(survey) == ((0, 4, 2, window),)


def test_one_look_to_the_right_is_enough_not_to_be_causal() -> None:
    survey = Surveyor()
    causal, both_ways = random_layers([6], causal=True), random_layers([6])
    for one in (causal[0], replace(both_ways[1], mask=Mask.plain(6, 6, CPU, causal=False))):
        assert all(layer.causal for layer in survey.shapes())
        see([one], [survey], make([words(6)], 0, CPU), [0])
    assert [layer.causal for layer in survey.shapes()] == [True, False]


def test_a_survey_of_cross_attention_counts_the_keys() -> None:
    targets, sources = (6, 8), (11, 7)
    batch = replace(
        make([words(size) for size in targets], 0, CPU),
        keys=make([words(size) for size in sources], 0, CPU),
    )
    survey = Surveyor()
    see(random_layers(targets, sources)[:1], [survey], batch, [0, 1])
    # The longest source is seen whole, though it is longer than any target.
    assert shapes(survey) == ((0, HEADS, 2, None),)
