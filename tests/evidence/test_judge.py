"""Simultaneous bounds, and verdicts on sums that are made up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from attnviz.evidence import bootstrap
from attnviz.evidence.bands import ENOUGH
from attnviz.evidence.gather import RoleSums, Sums
from attnviz.evidence.judge import judge
from attnviz.roles.previous_token import ROLE as PREVIOUS
from tests.helpers.planted import Floats

pytestmark = pytest.mark.slow

HALF = np.arange(60) % 2


def role(mass: Floats, chance: Floats | float = 0.0, events: float = 10.0) -> RoleSums:
    """A role whose scores a sentence are `mass`, [sentence, head]."""
    counts = np.full(mass.shape, events)
    baseline = Sums(np.broadcast_to(chance, mass.shape) * counts, counts)
    return RoleSums(
        PREVIOUS, Sums(mass * counts, counts), {"chance": baseline}, ("",) * mass.shape[1]
    )


@pytest.mark.parametrize("sentences", [12, 60])
def test_bounds_hold_for_all_heads_at_once_in_ninety_five_of_a_hundred_corpora(
    sentences: int,
) -> None:
    # 200 corpora and 40 heads whose true difference from the baseline is 0.
    rng = np.random.default_rng(0)
    half, weights = HALF[:sentences], bootstrap.weights(range(sentences), 400, 0)
    wrong, alone = 0, 0
    for _ in range(200):
        difference = rng.uniform(-1, 1, (sentences, 40))
        bounds = judge([role(0.5 + difference, 0.5)], half, weights)[0].margin_low
        wrong += bool((bounds > 0).any())
        one = judge([role(0.5 + difference[:, :1], 0.5)], half, weights)[0].margin_low
        alone += bool((one > 0).any())
    # 95% bounds fail in 10 of 200; the standard error is 3.
    assert 2 <= wrong <= 20
    assert 2 <= alone <= 20


def test_a_bound_for_many_heads_is_lower_than_for_one() -> None:
    rng = np.random.default_rng(1)
    scores = rng.uniform(0.4, 0.8, (60, 50))
    weights = bootstrap.weights(range(60), 500, 0)
    of_all = judge([role(scores)], HALF, weights)[0].margin_low[0]
    of_one = judge([role(scores[:, :1])], HALF, weights)[0].margin_low[0]
    assert of_all < of_one < scores[:, 0].mean()


@pytest.mark.parametrize(("score", "verdict"), [(0.31, "supported"), (0.29, "no")])
def test_a_constant_score_passes_right_above_the_margin(score: float, verdict: str) -> None:
    weights = bootstrap.weights(range(60), 200, 0)
    judged = judge([role(np.full((60, 1), score))], HALF, weights)[0]
    assert PREVIOUS.margin == 0.3
    assert judged.margin_low[0] == pytest.approx(score)
    assert (judged.low[0], judged.high[0]) == pytest.approx((score, score))
    assert judged.verdicts == (verdict,)


def test_the_strongest_baseline_counts() -> None:
    counts = np.full((60, 2), 10.0)
    baselines = {
        "chance": Sums(0.1 * counts, counts),
        "profile": Sums(np.array([0.05, 0.7]) * counts, counts),
        "rival": Sums(0 * counts, 0 * counts),  # Never came up: nothing to beat.
    }
    given = RoleSums(PREVIOUS, Sums(0.8 * counts, counts), baselines, ("", ""))
    judged = judge([given], HALF, bootstrap.weights(range(60), 200, 0))[0]
    assert judged.against == ("chance", "profile")
    assert judged.baseline == pytest.approx([0.1, 0.7])
    assert judged.lift == pytest.approx([0.7 / 0.9, 0.7 / 0.9])
    assert judged.verdicts == ("supported", "no")


def test_score_and_baseline_are_resampled_together() -> None:
    # Noisy both, but always 0.5 apart: the difference is known exactly.
    noise = np.random.default_rng(0).uniform(0, 0.5, (60, 1))
    judged = judge([role(noise + 0.5, noise)], HALF, bootstrap.weights(range(60), 500, 0))[0]
    assert judged.margin_low[0] == pytest.approx(0.5)
    assert judged.high[0] - judged.low[0] > 0.05


def test_a_head_that_misses_in_one_sentence_widens_no_other_band() -> None:
    rng = np.random.default_rng(2)
    scores, once = rng.uniform(0.4, 0.8, (60, 50)), np.ones((60, 1))
    once[7] = 0.2
    weights = bootstrap.weights(range(60), 500, 0)
    alone = judge([role(scores)], HALF, weights)[0].margin_low
    beside = judge([role(scores), role(once)], HALF, weights)
    np.testing.assert_allclose(beside[0].margin_low, alone, atol=0.01)
    assert 0.7 < beside[1].margin_low[0] < once.mean()


def test_roles_in_few_sentences_widen_no_band_of_roles_in_many() -> None:
    rng = np.random.default_rng(3)
    scores, few = rng.uniform(0.4, 0.8, (60, 50)), rng.uniform(0, 1, (60, 500)) ** 4
    there = np.arange(60) < 12
    sparse = role(few * there[:, None])
    events = np.where(there[:, None], 10.0, 0.0) * np.ones((1, 500))
    rare = replace(
        sparse,
        score=Sums(sparse.score.mass, events),
        baselines={"chance": Sums(0.1 * events, events)},
    )
    weights = bootstrap.weights(range(60), 1000, 0)
    alone = judge([role(scores)], HALF, weights)[0].margin_low
    beside, lower = judge([role(scores), rare], HALF, weights)
    pooled = few[there].mean(0) - 0.1
    assert there.sum() < ENOUGH <= 60
    np.testing.assert_allclose(beside.margin_low, alone, atol=0.01)
    assert (lower.margin_low < judge([rare], HALF, weights)[0].margin_low).all()
    assert (lower.margin_low < pooled).all()


def test_a_head_without_spread_is_no_surer_than_its_role() -> None:
    # All hits in 15 sentences, where other heads of the role miss now and then.
    rng = np.random.default_rng(4)
    hits = (rng.uniform(0, 1, (15, 40)) < 0.8).astype(np.float64)
    hits[:, 0] = 1.0
    weights = bootstrap.weights(range(15), 1000, 0)
    judged = judge([role(hits, 0.0, 1.0)], HALF[:15], weights)[0]
    assert judged.score[0] == 1.0
    # Of heads that are right in 4 of 5, one in 28 has 15 hits.
    assert judged.margin_low[0] < 0.8
