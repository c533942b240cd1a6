"""The kernels equal plain loops over queries and keys, whatever the shapes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from attnviz.attention import batch as batches
from attnviz.attention.layer import LayerAttention
from attnviz.attention.masses import masses, pack, reached
from attnviz.attention.targets import KeyTarget, OffsetTarget, PairTarget, Target
from attnviz.evidence.scores import _noise
from tests.engine.planted import Floats, corpus, layer, visible

MANY = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


@dataclass(frozen=True)
class Case:
    """A layer with random queries and keys, and the lengths of its padded sentences."""

    attention: LayerAttention
    lengths: tuple[int, ...]
    seed: int

    def rng(self) -> np.random.Generator:
        return np.random.default_rng(self.seed)


@st.composite
def layers(draw: st.DrawFn) -> Case:
    """Layers with everything that can shape scores: padding, causal masks and windows, grouped
    keys, soft caps, position biases, sink logits."""
    seed = draw(st.integers(0, 10_000))
    generator = torch.Generator().manual_seed(seed)
    lengths = tuple(draw(st.lists(st.integers(1, 7), min_size=1, max_size=3)))
    key_heads, groups, width = (
        draw(st.integers(1, 3)),
        draw(st.integers(1, 3)),
        draw(st.integers(1, 5)),
    )
    heads, longest = key_heads * groups, max(lengths)
    seen = visible(lengths, causal=draw(st.booleans()))
    window = draw(st.none() | st.integers(1, 3))
    if window is not None:
        seen &= torch.ones(longest, longest, dtype=torch.bool).triu(1 - window).tril(window - 1)

    def normal(*shape: int) -> torch.Tensor:
        return 2 * torch.randn(*shape, generator=generator)

    return Case(
        LayerAttention(
            layer=0,
            query=normal(len(lengths), heads, longest, width),
            key=normal(len(lengths), key_heads, longest, width),
            scale=draw(st.sampled_from([0.1, 1.0])),
            visible=seen,
            bias=normal(1, heads, longest, longest) if draw(st.booleans()) else None,
            softcap=draw(st.none() | st.just(1.5)),
            sinks=normal(heads) if draw(st.booleans()) else None,
        ),
        lengths,
        seed,
    )


def plain_weights(attention: LayerAttention) -> Floats:
    """The matrix [batch, head, query, key] one cell at a time, from the definition."""
    query, key = attention.query.double().numpy(), attention.key.double().numpy()
    seen = attention.visible.numpy()
    batch, heads, size, _ = query.shape
    groups = heads // key.shape[1]
    out = np.zeros((batch, heads, size, size))
    for b, h, i in np.ndindex(batch, heads, size):
        powers = np.zeros(size)
        for j in range(size):
            score = attention.scale * float(query[b, h, i] @ key[b, h // groups, j])
            if attention.softcap is not None:
                score = attention.softcap * math.tanh(score / attention.softcap)
            if attention.bias is not None:
                score += float(attention.bias[0, h, i, j])
            powers[j] = math.exp(score) if seen[b, 0, i, j] else 0.0
        sink = 0.0 if attention.sinks is None else math.exp(float(attention.sinks[h]))
        if powers.sum() > 0:
            out[b, h, i] = powers / (powers.sum() + sink)
    return out


@MANY
@given(layers())
def test_weights(case: Case) -> None:
    found = case.attention.weights.numpy()
    np.testing.assert_allclose(found, plain_weights(case.attention), atol=2e-6)


@MANY
@given(layers())
def test_uniform_is_one_over_the_visible_keys(case: Case) -> None:
    seen = case.attention.visible[:, 0].numpy()
    expected = seen / np.maximum(seen.sum(-1, keepdims=True), 1)
    np.testing.assert_allclose(case.attention.uniform.weights[:, 0], expected, atol=1e-7)


@MANY
@given(layers())
def test_row_functionals(case: Case) -> None:
    attention, weights = case.attention, plain_weights(case.attention)
    for b, h, i in np.ndindex(*weights.shape[:3]):
        row = weights[b, h, i][attention.visible[b, 0, i].numpy()]
        if not len(row):
            continue
        where = b, h, i
        logs = [a * math.log(a) for a in row if a > 0]
        steps = np.abs(np.flatnonzero(attention.visible[b, 0, i].numpy()) - i)
        apart = sum(abs(x - y) for x in row for y in row)
        assert attention.entropy[where] == pytest.approx(-sum(logs), abs=1e-5)
        assert attention.distance[where] == pytest.approx(float(row @ steps), abs=1e-5)
        assert attention.confidence[where] == pytest.approx(row.max(), abs=2e-6)
        assert attention.total[where] == pytest.approx(row.sum(), abs=2e-6)
        assert attention.top(2)[where] == pytest.approx(sum(sorted(row)[-2:]), abs=2e-6)
        assert attention.gini[where] == pytest.approx(apart / (2 * len(row) * row.sum()), abs=1e-5)


@MANY
@given(layers())
def test_column_sums_and_diagonals(case: Case) -> None:
    attention, weights, size = case.attention, plain_weights(case.attention), max(case.lengths)
    rows = case.rng().random((len(case.lengths), size)) > 0.4
    received, diagonals = np.zeros(weights.shape[:3]), np.zeros((*weights.shape[:2], 2 * size - 1))
    seen = np.zeros((len(rows), 2 * size - 1))
    for b, i, j in np.ndindex(len(rows), size, size):
        received[b, :, j] += rows[b, i] * weights[b, :, i, j]
        diagonals[b, :, j - i + size - 1] += rows[b, i] * weights[b, :, i, j]
        seen[b, j - i + size - 1] += rows[b, i] and bool(attention.visible[b, 0, i, j])
    chosen = torch.from_numpy(rows)
    np.testing.assert_allclose(attention.received(chosen), received, atol=1e-5)
    np.testing.assert_allclose(attention.by_offset(chosen), diagonals, atol=1e-5)
    np.testing.assert_array_equal(attention.seen_by_offset(chosen)[:, 0], seen)


@MANY
@given(layers())
def test_head_mean_has_rows_that_sum_to_one(case: Case) -> None:
    weights = plain_weights(case.attention).mean(1)
    expected = weights / np.where(
        weights.sum(-1, keepdims=True) > 0, weights.sum(-1, keepdims=True), 1
    )
    np.testing.assert_allclose(case.attention.head_mean, expected, atol=1e-5)


def some_targets(rng: np.random.Generator, size: int) -> list[Target | None]:
    """Two targets of each kind, and a column without any."""

    def flags() -> NDArray[np.bool_]:
        return rng.random(size) > 0.5

    def cells() -> NDArray[np.int64]:
        return np.argwhere(rng.random((size, size)) > 0.7)

    return [
        PairTarget(cells(), size),
        KeyTarget(flags(), flags()),
        OffsetTarget(flags(), (-2, 1)),
        None,
        OffsetTarget(flags(), (0,)),
        PairTarget(cells(), size),
        KeyTarget(flags(), flags()),
    ]


@MANY
@given(layers())
def test_masses_on_targets(case: Case) -> None:
    rng = case.rng()
    targets = [some_targets(rng, length) for length in case.lengths]
    if len(targets) > 1:
        targets[0][1] = None  # A column that one sentence lacks is empty there.
    packed = pack(targets, max(case.lengths), torch.device("cpu"))
    weights = plain_weights(case.attention)
    mass, events = np.zeros((*weights.shape[:2], 7)), np.zeros((len(targets), 7))
    for b, row in enumerate(targets):
        for column, target in enumerate(row):
            if target is None:
                continue
            size = case.lengths[b]
            hit = target.matrix()
            mass[b, :, column] = (weights[b, :, :size, :size] * hit).sum((1, 2))
            seen = case.attention.visible[b, 0, :size, :size].numpy()
            events[b, column] = (hit & seen).any(1).sum()
    np.testing.assert_allclose(masses(case.attention, packed), mass, atol=1e-5)
    np.testing.assert_array_equal(reached(case.attention.uniform, packed)[:, 0], events)


def test_a_column_of_two_kinds_is_refused() -> None:
    ones = np.ones(2, dtype=np.bool_)
    with pytest.raises(TypeError, match=r"KeyTarget.+OffsetTarget"):
        pack([[KeyTarget(ones, ones)], [OffsetTarget(ones, (1,))]], 2, torch.device("cpu"))


@MANY
@given(layers())
def test_dealing_anew_keeps_each_rows_mass_on_the_keys(case: Case) -> None:
    rng, size = case.rng(), max(case.lengths)
    keys = torch.from_numpy(rng.random((len(case.lengths), size)) > 0.3)
    noise = torch.from_numpy(rng.random((len(case.lengths), size, size), dtype=np.float32))
    weights = torch.from_numpy(plain_weights(case.attention))
    for i in range(size):
        rows = torch.zeros_like(keys)
        rows[:, i] = True
        dealt = case.attention.shuffled(rows, keys, noise)
        held = (case.attention.visible[:, 0, i] & keys)[:, None].expand_as(dealt)
        # The same weights, in other places, and only where the row sees a key of the choice.
        before = (weights[:, :, i] * held).sort(-1).values
        np.testing.assert_allclose(dealt.sort(-1).values, before, atol=2e-6)
        assert not dealt[~held].any()


def test_dealing_anew_is_even_on_average() -> None:
    attention = layer([np.tile([0.7, 0.2, 0.1, 0.0], (1, 4, 1))])
    everything = torch.ones(1, 4, dtype=torch.bool)
    rng = np.random.default_rng(0)
    draws = [
        attention.shuffled(everything, everything, torch.from_numpy(rng.random((1, 4, 4))).float())
        for _ in range(400)
    ]
    np.testing.assert_allclose(torch.stack(draws).mean(0)[0, 0], [1, 1, 1, 1], atol=0.06)


def test_noise_is_a_sentences_own() -> None:
    one, other, *_ = corpus(5)
    alone = _noise(batches.make([one], 0, torch.device("cpu")))
    beside = _noise(batches.make([other, one], 0, torch.device("cpu")))
    np.testing.assert_array_equal(alone[0], beside[1, : len(one), : len(one)])


def test_rows_that_see_nothing_are_empty_not_unknown() -> None:
    nothing = replace(layer([np.full((2, 3, 3), 1 / 3)]), visible=torch.zeros(1, 1, 3, 3).bool())
    for found in (nothing.weights, nothing.entropy, nothing.gini, nothing.head_mean, nothing.total):
        assert not found.isnan().any()
        assert not found.any()


def test_long_rows_keep_their_precision() -> None:
    # Half precision in, and 1,024 keys: the numbers are still those of float64.
    generator = torch.Generator().manual_seed(0)
    query, key = (torch.randn(1, 1, 1024, 8, generator=generator).half() for _ in "qk")
    attention = LayerAttention(0, query, key, 1.0, visible([1024], causal=False))
    exact = (query.double() @ key.double().transpose(-1, -2)).softmax(-1)
    steps = torch.arange(1024).double()
    apart = (steps[:, None] - steps).abs()
    np.testing.assert_allclose(attention.total, exact.sum(-1), atol=1e-6)
    np.testing.assert_allclose(attention.entropy, torch.special.entr(exact).sum(-1), atol=1e-5)
    np.testing.assert_allclose(attention.distance, (exact * apart).sum(-1), rtol=1e-5)
    np.testing.assert_allclose(
        attention.received(torch.ones(1, 1024)), exact.sum(2), rtol=1e-5, atol=1e-6
    )
