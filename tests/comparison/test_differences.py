"""Differences of heads, their intervals, and bounds that hold for all of them at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnviz.evidence.gather import Sums
from tests.helpers.compared import Floats, compared, matched, measure, weights


def scores(seed: int, shape: tuple[int, int] = (40, 6)) -> Floats:
    return np.random.default_rng(seed).beta(2, 5, shape)


def test_a_difference_is_one_of_ratios_of_sums() -> None:
    # 3 of 4 events hit before; after, the second sentence has 6 events: 4 of 8.
    before, after = np.array([[0.5], [1.0]]), np.array([[0.5], [0.5]])
    (only,) = compared([measure(before, after, np.array([[2.0], [2.0]]), np.array([[2.0], [6.0]]))])
    assert (only.before, only.after, only.difference) == (0.75, 0.5, -0.25)
    assert (only.events, only.sentences) == (4, 2)
    # Two sentences are too few for an interval.
    assert only.certain is None
    assert (only.low, only.high, only.sure_low, only.sure_high) == (None,) * 4
    assert "fewer than five" in only.reason


def test_a_head_that_does_the_opposite_in_every_sentence_surely_differs() -> None:
    before = np.tile([1.0, 0.4], (20, 1))
    after = np.tile([0.0, 0.4], (20, 1))
    changed, same = compared([measure(before, after)])
    assert (changed.difference, changed.low, changed.high) == (-1.0, -1.0, -1.0)
    assert changed.certain is True
    assert (same.difference, same.low, same.high, same.certain) == (0.0, 0.0, 0.0, False)


def test_a_planted_change_is_seen_and_only_that() -> None:
    before = scores(1)
    after = before + np.random.default_rng(2).normal(0, 0.02, before.shape)
    after[:, 3] += 0.1
    several = compared([measure(before, after)])
    assert [each.head for each in several if each.certain] == [(0, 3)]
    planted = several[3]
    assert planted.low is not None
    assert planted.high is not None
    assert planted.low < 0.1 < planted.high
    assert planted.sure_low is not None
    assert 0 < planted.sure_low < planted.low


def test_sentences_that_both_saw_tell_more_than_others() -> None:
    before = scores(1)
    after = before + 0.05 + np.random.default_rng(2).normal(0, 0.02, before.shape)
    assert all(each.certain for each in compared([measure(before, after)]))
    # The same numbers in other sentences: the sums of each side are in units of their own.
    apart = np.zeros((80, 6)), np.zeros((80, 6))
    there = np.zeros((80, 6)), np.zeros((80, 6))
    for side, values in enumerate((before, after)):
        rows = slice(40 * side, 40 * side + 40)
        apart[side][rows], there[side][rows] = values, 1.0
    assert not any(each.certain for each in compared([measure(*apart, *there)]))


def test_rounding_is_no_difference() -> None:
    before = scores(1)
    (each, *_) = compared([measure(before, before + 1e-6)])
    assert each.difference == pytest.approx(1e-6)
    assert each.certain is False


@pytest.mark.parametrize(
    ("unit", "change"), [("", 0.5), ("share of ln|V_i|", 0.5), ("tokens", 0.2), ("nats", 0.2)]
)
def test_a_change_is_measured_in_shares_or_in_proportion(unit: str, change: float) -> None:
    before = np.full((10, 1), 2.0)
    (each,) = compared([measure(before, before + 0.5, role="", unit=unit)])
    assert each.change == pytest.approx(change)
    assert 0 < each.sure_change < change


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_a_measurement_and_itself_do_not_differ(seed: int, few: bool) -> None:
    values = scores(seed)
    events = np.random.default_rng(seed).integers(0, 2 if few else 9, values.shape) * 1.0
    for each in compared([measure(values, values, events)]):
        assert each.difference in (0.0, None)
        assert (each.low, each.high) in ((0.0, 0.0), (None, None))
        assert not each.certain


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_exchanging_the_sides_changes_signs(seed: int, one_tokenizer: bool) -> None:
    rng = np.random.default_rng(seed)
    before, after = scores(seed), scores(seed + 1)
    events = rng.integers(1, 9, before.shape) * 1.0
    others = events if one_tokenizer else rng.integers(1, 9, before.shape) * 1.0
    forth = compared([measure(before, after, events, others)])
    back = compared([measure(after, before, others, events)])
    for one, other in zip(forth, back, strict=True):
        assert (one.before, one.after) == (other.after, other.before)
        assert one.difference == pytest.approx(-(other.difference or 0.0))
        assert one.sure_low == pytest.approx(-(other.sure_high or 0.0), abs=1e-9)
        assert one.low == pytest.approx(-(other.high or 0.0), abs=1e-3)
        assert one.certain == other.certain


def test_heads_are_chosen_on_either_side() -> None:
    before, after = scores(1), scores(2)
    chosen = measure(before, after).matched([0, 1], [5, 0])
    first, second = compared([chosen])
    assert first.after == pytest.approx(after[:, 5].mean())
    assert second.after == pytest.approx(after[:, 0].mean())


def test_events_that_all_heads_share_stay_shared() -> None:
    events = np.broadcast_to(np.ones((40, 1)), (40, 6))
    shared = replace(
        measure(scores(1), scores(2)),
        before=Sums(scores(1), events),
        after=Sums(scores(2), events),
    )
    chosen = shared.matched([0, 1], [5, 0])
    assert chosen.before.events.strides[1] == 0
    numbers = [each.sure_low for each in compared([chosen])]
    plain = [
        each.sure_low for each in compared([measure(scores(1), scores(2)).matched([0, 1], [5, 0])])
    ]
    assert numbers == pytest.approx(plain)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["alike", "few differ", "other sentences"])
def test_where_nothing_differs_one_of_all_seems_to_in_five_of_a_hundred(kind: str) -> None:
    """60 corpora of 60 sentences, 12 heads, 4 roles: 3 are expected, 8 or more in 1 of 100."""
    rng = np.random.default_rng([5, len(kind)])
    shape, wrong, units = (60, 12), 0, 120 if kind == "other sentences" else 60
    for corpus in range(60):
        drawn, measures = weights(units, 400, corpus % 10), []
        for _ in range(4):
            events = np.repeat(rng.integers(5, 25, (60, 1)), 12, axis=1) * 1.0
            before = rng.beta(2, 5, shape)
            if kind == "alike":
                after = rng.beta(2, 5, shape)
            elif kind == "few differ":
                after = before + np.where(rng.random(shape) < 0.1, 0.27, -0.03)
            if kind == "other sentences":
                nothing = np.zeros(shape)
                sides = np.vstack([before, nothing]), np.vstack([nothing, rng.beta(2, 5, shape)])
                there = np.vstack([events, nothing]), np.vstack([nothing, events])
                measures.append(measure(*sides, *there))
            else:
                measures.append(measure(before, after, events))
        wrong += any(each.certain for each in compared(measures, drawn))
    assert wrong < 8


def test_matches_come_in_the_order_of_heads() -> None:
    assert [each.head for each in compared([measure(scores(1), scores(2))])] == [
        match.before for match in matched(6)
    ]
