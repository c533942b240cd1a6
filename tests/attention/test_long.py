"""Long sentences: no matrix is ever whole, and every number is as if it had been."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

import numpy as np
import pytest
import torch

from attnviz.attention.batch import Batch, make
from attnviz.attention.layer import LayerAttention
from attnviz.attention.mask import Mask
from attnviz.attention.targets import KeyTarget, MatchTarget, OffsetTarget, PairTarget, Target
from attnviz.baselines import positional_profile as profiles
from attnviz.baselines.positional_profile import PositionalProfile
from attnviz.measurement.stream import StreamSums
from attnviz.observers import matrices, rollout
from attnviz.observers.drawn import SentenceFlow, Window
from attnviz.observers.layers import Surveyor
from attnviz.observers.matrices import MatrixKeeper
from attnviz.observers.rollout import FlowKeeper, column_mass, pull
from attnviz.text.types import Tokens
from tests.helpers.planted import Floats, layer, see, sentence, visible

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")
HEADS, DEPTH = 4, 3
TILES = [1, 100, 2**20]
"""One query at a time, two or three, and all of them."""


def words(tokens: int) -> Tokens:
    """A sentence of so many tokens, the first and the last special."""
    return sentence(" ".join(["[CLS]", *(f"w{k}" for k in range(tokens - 2)), "[SEP]"]))


def random_layers(
    queries: Sequence[int],
    keys: Sequence[int] | None = None,
    *,
    causal: bool = False,
    sinks: bool = False,
) -> list[LayerAttention]:
    """Layers of random queries and keys, two query heads to a key head, padded on the right."""
    draw = torch.Generator().manual_seed(5)
    seen = visible(queries, causal=causal)
    if keys is not None:
        there = torch.arange(max(keys))[None, :] < torch.tensor(keys)[:, None]
        seen = there[:, None, None, :].expand(-1, 1, max(queries), -1).clone()
    mask, batch = Mask.of(seen), len(queries)
    return [
        LayerAttention(
            layer=number,
            query=2.0 * torch.randn(batch, HEADS, max(queries), 5, generator=draw),
            key=torch.randn(batch, 2, mask.keys, 5, generator=draw),
            scale=0.7,
            mask=mask,
            sinks=torch.randn(HEADS, generator=draw) if sinks else None,
        )
        for number in range(DEPTH)
    ]


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


def block_means(matrix: Floats, block: int) -> Floats:
    """Means over square blocks, block by block."""
    high, wide = (ceil(size / block) for size in matrix.shape)
    means = np.empty((high, wide))
    for i in range(high):
        for j in range(wide):
            means[i, j] = matrix[i * block : (i + 1) * block, j * block : (j + 1) * block].mean()
    return means


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


def random_profile(longest: int, *, causal: bool) -> PositionalProfile:
    rng = np.random.default_rng(3)
    by_offset = rng.random((2, HEADS, 2 * longest - 1))
    if causal:
        by_offset[..., longest:] = 0.0
    by_offset[:, 0, : longest - 1] = 0.0  # a head that never looks back
    return PositionalProfile(by_offset, rng.random((2, HEADS)))


def expected_cell_by_cell(
    profile: PositionalProfile, target: Target, tokens: int, half: int
) -> Floats:
    """Each row the profile of the other half around its place, scaled to the mean row sum."""
    hit = target.part((0, tokens), (0, tokens))
    zero = profile.by_offset.shape[-1] // 2
    found = np.zeros(HEADS)
    for head in range(HEADS):
        for i in range(tokens):
            row = np.array([profile.by_offset[1 - half, head, zero + j - i] for j in range(tokens)])
            found[head] += profile.total[1 - half, head] * (row * hit[i]).sum() / row.sum()
    return found


SOME = np.arange(17) % 3 != 0
TARGETS: dict[str, Target] = {
    "keys": KeyTarget(SOME, np.isin(np.arange(17), [0, 5, 16])),
    "all keys": KeyTarget(SOME, np.ones(17, dtype=np.bool_)),
    "no keys": KeyTarget(SOME, np.zeros(17, dtype=np.bool_)),
    "offsets": OffsetTarget(SOME, (-3, -1, 0, 2)),
    "pairs": PairTarget(np.array([[0, 3], [4, 1], [4, 16], [16, 16], [9, 2]]), 17),
    "copies": MatchTarget(np.arange(17) % 4, np.arange(17) % 4),
    "earlier copies": MatchTarget(np.arange(17) % 4, np.arange(17) % 4, before=True),
}


@pytest.mark.parametrize("causal", [False, True], ids=["both-ways", "causal"])
@pytest.mark.parametrize("longest", [17, 30])
@pytest.mark.parametrize("rows", [1, 5, 16, 17, 256])
@pytest.mark.parametrize("name", TARGETS)
def test_the_profile_expects_the_same_however_many_rows_are_looked_at_together(
    monkeypatch: pytest.MonkeyPatch, *, name: str, rows: int, longest: int, causal: bool
) -> None:
    profile = random_profile(longest, causal=causal)
    monkeypatch.setattr(profiles, "_ROWS", rows)
    for half in (0, 1):
        np.testing.assert_allclose(
            profile.expect([TARGETS[name]], 17, half)[0],
            expected_cell_by_cell(profile, TARGETS[name], 17, half),
            atol=1e-9,
        )


def test_a_profile_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    # Offsets -1, 0, +1 get 1/4, 1/2, 1/4. Of three tokens the first row is (2/3, 1/3, 0), the
    # second (1/4, 1/2, 1/4), the third (0, 1/3, 2/3): on the second key 1/3 + 1/2 + 1/3.
    by_offset = np.array([[[0.0, 0.25, 0.5, 0.25, 0.0]]] * 2)
    profile = PositionalProfile(by_offset, np.ones((2, 1)))
    second = KeyTarget(np.ones(3, dtype=np.bool_), np.array([False, True, False]))
    assert profile.expect([second], 3, 0)[0] == pytest.approx([7 / 6])
    monkeypatch.setattr(profiles, "_ROWS", 1)
    assert profile.expect([second], 3, 0)[0] == pytest.approx([7 / 6])


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
