"""The bootstrap: weights from text alone, additive over shards, intervals that cover."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from attnviz.evidence import bootstrap
from tests.helpers.planted import corpus

DIGESTS = [one.sentence.digest for one in corpus(30)]


def test_weights_depend_on_each_sentence_alone() -> None:
    every = bootstrap.weights(DIGESTS, 50, 0)
    assert every.shape == (50, 30)
    backwards = bootstrap.weights(DIGESTS[::-1], 50, 0)
    np.testing.assert_array_equal(every, backwards[:, ::-1])
    twice = bootstrap.weights([DIGESTS[0], DIGESTS[0]], 50, 0)
    np.testing.assert_array_equal(twice[:, 0], twice[:, 1])
    assert (bootstrap.weights(DIGESTS, 50, 1) != every).any()


def test_two_shards_add_up_to_the_whole() -> None:
    rng = np.random.default_rng(0)
    mass, events = rng.random((30, 4)), rng.integers(1, 9, (30, 4)).astype(float)
    whole = bootstrap.weights(DIGESTS, 80, 3)
    parts = [slice(0, 11), slice(11, 30)]
    shards = [bootstrap.weights(DIGESTS[part], 80, 3) for part in parts]
    for sums in (mass, events):
        added = sum(shard @ sums[part] for shard, part in zip(shards, parts, strict=True))
        np.testing.assert_allclose(added, whole @ sums)


def test_weights_are_poisson_of_mean_one() -> None:
    drawn = bootstrap.weights(range(200), 500, 0)
    assert drawn.mean() == pytest.approx(1.0, abs=0.02)
    assert drawn.var() == pytest.approx(1.0, abs=0.02)


def test_ratio_of_nothing_is_unknown() -> None:
    found = bootstrap.ratio(np.array([1.0, 0.0]), np.array([4.0, 0.0]))
    assert found[0] == 0.25
    assert np.isnan(found[1])


def test_interval_by_hand() -> None:
    samples = np.arange(101.0)[:, None]  # Its 2.5% and 97.5% quantiles lie between two numbers.
    low, high = bootstrap.interval(samples)
    assert (low[0], high[0]) == pytest.approx((2.5, 97.5))
    low, high = bootstrap.interval(samples, level=0.5)
    assert (low[0], high[0]) == (25, 75)


def test_interval_leaves_out_unknown_resamples() -> None:
    samples = np.array([[1.0, np.nan, 5.0], [np.nan, np.nan, 5.0], [3.0, np.nan, 5.0]])
    low, high = bootstrap.interval(samples, level=1.0)
    np.testing.assert_array_equal(low, [1.0, np.nan, 5.0])
    np.testing.assert_array_equal(high, [3.0, np.nan, 5.0])


def test_a_constant_score_has_a_point_for_an_interval() -> None:
    rng = np.random.default_rng(0)
    events = rng.integers(1, 20, (30, 1)).astype(float)
    weights = bootstrap.weights(DIGESTS, 200, 0)
    samples = bootstrap.ratio(weights @ (0.3 * events), weights @ events)
    low, high = bootstrap.interval(samples)
    assert (low[0], high[0]) == pytest.approx((0.3, 0.3))


def test_intervals_cover_the_true_mean_as_often_as_they_say() -> None:
    # 200 corpora of 60 sentences; a score is a Beta(2, 5) draw weighted by 1 to 10 events.
    rng = np.random.default_rng(0)
    events = rng.integers(1, 11, (60, 200)).astype(float)
    mass = rng.beta(2, 5, (60, 200)) * events
    weights = bootstrap.weights(range(60), 1000, 0)
    low, high = bootstrap.interval(bootstrap.ratio(weights @ mass, weights @ events))
    covered = ((low <= 2 / 7) & (high >= 2 / 7)).mean()
    # The standard error of 200 trials at 95% is 0.015.
    assert 0.90 <= covered <= 0.99


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=30))
def test_the_interval_of_hits_lies_around_their_share(sentences: list[tuple[int, int]]) -> None:
    hits, misses = np.array(sentences, dtype=np.float64).T[..., None]
    assume((hits + misses).any())
    low, high = bootstrap.of_hits(hits, hits + misses)
    share = hits.sum() / (hits + misses).sum()
    assert -1e-9 <= low[0] <= share + 1e-9
    assert share - 1e-9 <= high[0] <= 1 + 1e-9
    assert high[0] - low[0] > 0.01  # 300 events at most leave some doubt
    mirrored = bootstrap.of_hits(misses, hits + misses)
    assert (low[0], high[0]) == pytest.approx((1 - mirrored[1][0], 1 - mirrored[0][0]))
