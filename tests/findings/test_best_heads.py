"""The best head of a role between words: chosen on one half of the sentences, scored on the other.

Four sentences, the first two in half 0, the others in half 1, and ten events in each. Sums are
written as hits a sentence: a row for each sentence, a column for each head.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from attnviz.evidence import bootstrap
from attnviz.evidence.gather import RoleSums, Sums
from attnviz.findings.best_heads import BestHead, best
from attnviz.roles.coreference import ROLE as COREFERENCE

HALF = np.array([0, 0, 1, 1])
Rows = Sequence[Sequence[float]]


def relation(hits: Rows, rival: Rows, events: Rows = ((10,), (10,), (10,), (10,))) -> RoleSums:
    """A role of two heads beside one rule that knows no head."""
    mass = np.array(hits, np.float64)
    counts = np.broadcast_to(np.array(events, np.float64), mass.shape)
    rule = Sums(np.broadcast_to(np.array(rival, np.float64), mass.shape), counts)
    return RoleSums(COREFERENCE, Sums(mass, counts), {"fixed offset": rule}, ("", ""))


AGREED = relation([(2, 8), (2, 6), (1, 5), (1, 3)], [(4,), (2,), (3,), (1,)])
"""Head 1 leads in both halves."""

APART = relation([(9, 0), (7, 2), (1, 6), (3, 4)], [(1,), (1,), (2,), (0,)])
"""Head 0 leads in half 0, where head 1 has 2 of 20; head 1 in half 1, where head 0 has 4 of 20."""

ONE_SIDED = relation(
    [(9, 0), (7, 2), (0, 0), (0, 0)], [(1,), (1,), (0,), (0,)], [(10,), (10,), (0,), (0,)]
)
"""Half 1 has no events."""


def told(*roles: RoleSums) -> list[BestHead]:
    return best(roles, HALF)


def test_a_head_that_both_halves_choose_is_scored_on_all_sentences() -> None:
    (found,) = told(AGREED)
    assert found.heads == (1,)
    assert found.score == pytest.approx((8 + 6 + 5 + 3) / 40)
    assert found.baselines == pytest.approx({"fixed offset": (4 + 2 + 3 + 1) / 40})
    assert (found.events, found.sentences) == (40, 4)


def test_where_the_halves_choose_different_heads_each_is_scored_where_it_was_not_chosen() -> None:
    (found,) = told(APART)
    assert found.heads == (0, 1)
    # In half 0 head 1 is scored, 0 + 2, in half 1 head 0, 1 + 3.
    assert found.score == pytest.approx(6 / 40)
    assert found.baselines == pytest.approx({"fixed offset": 4 / 40})
    assert (found.events, found.sentences) == (40, 4)


def test_where_a_half_has_no_events_the_best_is_scored_where_it_was_chosen_and_says_so() -> None:
    (found,) = told(ONE_SIDED)
    assert found.heads == (0,)
    assert not found.held_out
    assert told(AGREED)[0].held_out
    assert found.score == pytest.approx((9 + 7) / 20)
    assert found.baselines == pytest.approx({"fixed offset": 2 / 20})
    assert (found.events, found.sentences) == (20, 2)


def test_of_equally_right_heads_the_one_with_more_attention_on_the_right_words_is_best() -> None:
    tied = relation([(5, 5), (5, 5), (5, 5), (5, 5)], [(1,)] * 4)
    assert told(tied)[0].heads == (0,)
    assert told(
        replace(tied, on_target=np.array([[1.0, 3.0], [1.0, 3.0], [1.0, 2.0], [2.0, 2.0]]))
    )[0].heads == (1,)
    # Mass never makes up for being right less often.
    worse = relation([(5, 4), (5, 4), (5, 4), (5, 4)], [(1,)] * 4)
    assert told(replace(worse, on_target=np.array([[0.0, 5.0]] * 4)))[0].heads == (0,)


def test_roles_are_told_in_their_order_and_each_as_if_alone() -> None:
    assert [one.heads for one in told(AGREED, APART, ONE_SIDED)] == [(1,), (0, 1), (0,)]
    assert [one.score for one in told(AGREED, APART)] == [told(AGREED)[0].score, 0.15]
    assert told() == []


def test_few_sentences_have_no_interval() -> None:
    (found,) = told(AGREED)
    assert len(HALF) < bootstrap.FEWEST
    assert np.isnan([found.low, found.high]).all()


def test_the_interval_of_a_head_both_halves_choose_is_that_of_its_own_score() -> None:
    rng = np.random.default_rng(0)
    hits = np.stack([rng.integers(0, 4, 40), rng.integers(3, 9, 40)], 1)
    role = relation(hits.tolist(), [(1,)] * 40, [(10,)] * 40)
    (found,) = best([role], np.arange(40) % 2)
    low, high = bootstrap.of_hits(role.score.mass, role.score.events)
    assert found.heads == (1,)
    assert (found.low, found.high) == pytest.approx((low[1], high[1]))
    assert found.low < found.score < found.high


def test_the_best_of_many_heads_that_only_guess_is_no_better_than_one() -> None:
    # 200 heads that are right in a tenth of 400 events. Chosen and scored on the same sentences,
    # the best would get about 0.10 + 2.7 standard errors of 0.015.
    rng = np.random.default_rng(0)
    hits = rng.binomial(10, 0.1, (40, 200)).astype(np.float64)
    counts = np.full_like(hits, 10.0)
    role = RoleSums(
        COREFERENCE, Sums(hits, counts), {"chance": Sums(0.1 * counts, counts)}, ("",) * 200
    )
    found = best([role], np.arange(40) % 2)[0]
    assert (hits.sum(0) / 400).max() > 0.13
    assert found.score == pytest.approx(0.1, abs=0.03)
