"""Matrices that are drawn: whole, or in blocks, and windows in which each token can be read."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import numpy as np
import pytest

from attnviz.attention.batch import Batch, make
from attnviz.attention.layer import LayerAttention
from attnviz.observers import matrices
from attnviz.observers.drawn import Window
from attnviz.observers.matrices import MatrixKeeper
from tests.helpers.long import CPU, block_means, random_layers, words
from tests.helpers.planted import layer

SIZES = {
    "square": ((23, 31), None),
    "wide": ((9, 14), (31, 22)),
    "high": ((31, 26), (9, 14)),
}


@pytest.mark.parametrize("tile", [1, 600, 2**20])
@pytest.mark.parametrize("most", [4, 8, 31])
@pytest.mark.parametrize("shape", SIZES)
def test_blocks_are_those_of_the_whole_matrix(
    monkeypatch: pytest.MonkeyPatch, shape: str, most: int, tile: int
) -> None:
    queries, others = SIZES[shape]
    keys = others or queries
    batch = make([words(size) for size in queries], 0, CPU)
    if others:
        batch = replace(batch, keys=make([words(size) for size in others], 0, CPU))
    layers = random_layers(queries, others, causal=not others)
    monkeypatch.setattr(matrices, "_TILE", tile)
    keeper = MatrixKeeper({(1, 2)}, most)
    keeper.begin(batch, [7, 3])
    for one in layers:
        keeper.see(one)
    for row, place in enumerate((7, 3)):
        drawn, size = keeper.drawn[place], (queries[row], keys[row])
        assert drawn.block == ceil(max(size) / most)
        assert set(drawn.layers) == {0, 1, 2}
        for number, one in enumerate(layers):
            whole = one.weights[row, :, : size[0], : size[1]].numpy()
            expected = [block_means(head, drawn.block) for head in whole]
            np.testing.assert_allclose(drawn.layers[number], expected, atol=1e-6)
        np.testing.assert_array_equal(drawn.heads[1, 2], drawn.layers[1][2])
        assert (set(drawn.windows) == {(1, 2)}) == (drawn.block > 1)


def windows(one: LayerAttention, batch: Batch, head: int) -> tuple[Window, ...]:
    keeper = MatrixKeeper({(one.layer, head)}, 16)
    keeper.begin(batch, [0])
    keeper.see(one)
    return keeper.drawn[0].windows[one.layer, head]


@pytest.mark.parametrize("causal", [False, True], ids=["both-ways", "causal"])
def test_windows_show_the_weights_where_most_mass_is(*, causal: bool) -> None:
    one = random_layers([200], causal=causal)[1]
    found = windows(one, make([words(200)], 0, CPU), 3)
    # Of 200 queries 24 around 50, and 24 around 150.
    assert [queries for queries, _, _ in found] == [(38, 62), (138, 162)]
    for (first, last), (left, right), weights in found:
        assert (weights.shape, right - left) == ((24, 36), 36)
        rows = one.weights[0, 3, first:last].numpy()
        np.testing.assert_allclose(weights, rows[:, left:right], atol=1e-6)
        mass = rows.sum(0)
        mass[0] = 0.0
        stretches = [mass[start : start + 36].sum() for start in range(200 - 36 + 1)]
        assert stretches[left] == pytest.approx(max(stretches), abs=1e-5)


def test_a_sink_draws_no_window() -> None:
    # Nine tenths on the first token; of the rest all on the 101st.
    head = np.zeros((1, 200, 200))
    head[..., 0], head[..., 100] = 0.9, 0.1
    for _, (left, right), weights in windows(layer([head]), make([words(200)], 0, CPU), 0):
        assert 0 < left <= 100 < right
        assert weights[:, 100 - left] == pytest.approx(0.1)
        assert weights.sum() == pytest.approx(2.4)


def test_a_window_is_no_larger_than_the_matrix() -> None:
    batch = replace(make([words(100)], 0, CPU), keys=make([words(20)], 0, CPU))
    one = random_layers([100], [20])[0]
    for (first, last), keys, weights in windows(one, batch, 1):
        assert (keys, last - first) == ((0, 20), 24)
        np.testing.assert_allclose(weights, one.weights[0, 1, first:last].numpy(), atol=1e-6)
    batch = replace(make([words(10)], 0, CPU), keys=make([words(90)], 0, CPU))
    one = random_layers([10], [90])[0]
    assert [queries for queries, _, _ in windows(one, batch, 1)] == [(0, 10), (0, 10)]
