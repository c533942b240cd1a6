"""Rollout of long sentences: no matrix is ever whole, and every number is as if it had been."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

import numpy as np
import pytest
import torch

from attnviz.attention.batch import Batch, make
from attnviz.attention.layer import LayerAttention
from attnviz.observers import rollout
from attnviz.observers.drawn import SentenceFlow
from attnviz.observers.rollout import FlowKeeper, column_mass, pull
from tests.helpers.long import CPU, DEPTH, block_means, random_layers, words
from tests.helpers.planted import Floats, layer, see

pytestmark = pytest.mark.slow

TILES = [1, 100, 2**20]
"""One query at a time, two or three, and all of them."""


def multiplied(layers: Sequence[LayerAttention], row: int, size: int, *, residual: bool) -> Floats:
    """The rollout of one sentence from its whole matrices, in double precision."""
    product = np.eye(size)
    for one in layers:
        mean = one.weights[row, :, :size, :size].double().numpy().mean(0)
        mean /= mean.sum(1, keepdims=True)
        product = (0.5 * mean + 0.5 * np.eye(size) if residual else mean) @ product
    return product


def flows(
    layers: Sequence[LayerAttention],
    batch: Batch,
    *,
    residual: bool = True,
    room: float = float("inf"),
    drawn: bool = True,
) -> dict[int, SentenceFlow]:
    keeper = FlowKeeper(residual=residual, matrices=drawn, room=room)
    see(layers, [keeper], batch, range(len(batch.sentences)))
    return keeper.flows


def apart(rows: Floats) -> float:
    """Mean total-variation distance of all pairs of rows, pair by pair."""
    pairs = [abs(rows[i] - rows[j]).sum() / 2 for i in range(len(rows)) for j in range(i)]
    return float(np.mean(pairs))


@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize("sinks", [False, True], ids=["", "sinks"])
@pytest.mark.parametrize("causal", [False, True], ids=["both-ways", "causal"])
@pytest.mark.parametrize("residual", [False, True], ids=["", "residual"])
def test_rows_that_are_pulled_down_are_rows_of_the_product(
    monkeypatch: pytest.MonkeyPatch, *, tile: int, sinks: bool, causal: bool, residual: bool
) -> None:
    monkeypatch.setattr(rollout, "_TILE", tile)
    lengths = (9, 12)
    layers = random_layers(lengths, causal=causal, sinks=sinks)
    wanted = torch.rand(2, 12, generator=torch.Generator().manual_seed(1))
    for row, size in enumerate(lengths):
        wanted[:, size:] = 0.0  # padding is no query
        expected = wanted[:, :size].double().numpy() @ multiplied(
            layers, row, size, residual=residual
        )
        found = pull(wanted, layers, row, residual=residual)
        np.testing.assert_allclose(found[:, :size], expected, atol=1e-5)
        assert not found[:, size:].any()


def test_a_row_of_one_layer_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    # The mean of the heads is [[1/2, 1/2], [3/4, 1/4]]; (1, 2) of it is (2, 1).
    given = layer([np.array([[[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [1.0, 0.0]]])])
    monkeypatch.setattr(rollout, "_TILE", 1)
    rows = torch.tensor([[1.0, 2.0]])
    assert column_mass(given, 0, rows).tolist() == [pytest.approx([2.0, 1.0])]
    # Half of it, and half of the row itself.
    assert pull(rows, [given], 0, residual=True).tolist() == [pytest.approx([1.5, 1.5])]
    assert pull(rows, [given] * 0, 0, residual=True).tolist() == rows.tolist()


@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize("sinks", [False, True], ids=["", "sinks"])
@pytest.mark.parametrize("causal", [False, True], ids=["both-ways", "causal"])
@pytest.mark.parametrize("residual", [False, True], ids=["", "residual"])
def test_a_long_sentence_flows_as_its_matrices_say(
    monkeypatch: pytest.MonkeyPatch, *, tile: int, sinks: bool, causal: bool, residual: bool
) -> None:
    lengths = (11, 14)
    batch = make([words(size) for size in lengths], 0, CPU)
    layers = random_layers(lengths, causal=causal, sinks=sinks)
    short = flows(layers, batch, residual=residual)
    monkeypatch.setattr(rollout, "LONG", 13)  # it is the batch's length that counts
    monkeypatch.setattr(rollout, "_TILE", tile)
    long = flows(layers, batch, residual=residual)
    for row, size in enumerate(lengths):
        whole = multiplied(layers, row, size, residual=residual)
        content = whole[1:-1]
        for found in (short[row], long[row]):
            np.testing.assert_allclose(found.rollout, content.mean(0), atol=1e-5)
            assert found.drift == pytest.approx(apart(content), abs=1e-5)
            # With more blocks than tokens each token is a block of its own.
            assert found.matrix is not None
            np.testing.assert_allclose(found.matrix, whole, atol=1e-5)
            assert found.rollout.sum() == pytest.approx(1.0, abs=1e-5)
        np.testing.assert_allclose(long[row].received, short[row].received, atol=1e-6)
        np.testing.assert_allclose(long[row].entropy, short[row].entropy, atol=1e-6)


@pytest.mark.parametrize("most", [1, 3, 5, 13])
def test_a_drawn_rollout_is_in_blocks(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    lengths = (10, 13)
    batch = make([words(size) for size in lengths], 0, CPU)
    layers = random_layers(lengths, causal=True)
    monkeypatch.setattr(rollout, "LONG", 5)
    monkeypatch.setattr(rollout, "BLOCKS", most)
    monkeypatch.setattr(rollout, "_TILE", 100)
    found, undrawn = flows(layers, batch), flows(layers, batch, drawn=False)
    for row, size in enumerate(lengths):
        expected = block_means(multiplied(layers, row, size, residual=True), ceil(size / most))
        matrix = found[row].matrix
        assert matrix is not None
        assert len(matrix) <= most
        np.testing.assert_allclose(matrix, expected, atol=1e-5)
        assert undrawn[row].matrix is None
        np.testing.assert_array_equal(undrawn[row].rollout, found[row].rollout)


def test_drift_compares_some_rows_that_are_spread_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    batch, layers = make([words(14)], 0, CPU), random_layers([14])
    whole = multiplied(layers, 0, 14, residual=True)
    monkeypatch.setattr(rollout, "LONG", 5)
    monkeypatch.setattr(rollout, "_COMPARED", 5)
    # Content stands at 1 to 12; the k-th of five is the (12 k // 5)-th of it: 0, 2, 4, 7, 9.
    expected = apart(whole[[1, 3, 5, 8, 10]])
    assert flows(layers, batch)[0].drift == pytest.approx(expected, abs=1e-5)
    assert abs(expected - apart(whole[1:-1])) > 1e-4


def test_one_content_token_of_a_long_sentence_has_nothing_to_drift_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rollout, "LONG", 2)
    assert flows(random_layers([3]), make([words(3)], 0, CPU))[0].drift is None


def test_without_room_there_is_no_rollout_and_all_else_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rollout, "LONG", 5)
    lengths = (7, 9)
    batch, layers = make([words(size) for size in lengths], 0, CPU), random_layers(lengths)
    # 4 heads of queries and 2 of keys, for 2 sentences of 9 tokens, 5 wide, 4 bytes, 3 layers.
    room = (4 + 2) * 2 * 9 * 5 * 4 * 3
    whole = flows(layers, batch, room=room)
    for less in (0, room - 1):
        found = flows(layers, batch, room=less)
        for row, size in enumerate(lengths):
            assert len(whole[row].rollout) == size
            assert found[row].rollout.shape == (0,)
            assert found[row].drift is None
            assert found[row].matrix is None
            np.testing.assert_array_equal(found[row].received, whole[row].received)
            np.testing.assert_array_equal(found[row].entropy, whole[row].entropy)


def test_room_is_counted_for_each_batch_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout, "LONG", 5)
    keeper = FlowKeeper(residual=True, room=6 * 9 * 5 * 4 * DEPTH)
    for place in range(3):
        see(random_layers([9]), [keeper], make([words(9)], 0, CPU), [place])
    assert [len(flow.rollout) for flow in keeper.flows.values()] == [9, 9, 9]


def test_short_sentences_need_no_room() -> None:
    assert len(flows(random_layers([9]), make([words(9)], 0, CPU), room=0)[0].rollout) == 9


@pytest.mark.parametrize("longest", [5, 256])
def test_cross_attention_has_no_rollout(monkeypatch: pytest.MonkeyPatch, longest: int) -> None:
    monkeypatch.setattr(rollout, "LONG", longest)
    targets, sources = (6, 8), (11, 7)
    batch = replace(
        make([words(size) for size in targets], 0, CPU),
        keys=make([words(size) for size in sources], 0, CPU),
    )
    layers = random_layers(targets, sources)
    found = flows(layers, batch)
    for row, (queries, keys) in enumerate(zip(targets, sources, strict=True)):
        assert (found[row].rollout.shape, found[row].drift, found[row].matrix) == ((0,), None, None)
        whole = torch.stack([one.weights[row, :, 1 : queries - 1, :keys] for one in layers])
        weights = whole.numpy()
        np.testing.assert_allclose(found[row].received, weights.mean((0, 1, 2)), atol=1e-6)
        entropy = -(weights * np.log(weights)).sum(-1).mean((1, 2))
        np.testing.assert_allclose(found[row].entropy, entropy, atol=1e-5)
