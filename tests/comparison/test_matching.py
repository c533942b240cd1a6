"""Heads and their counterparts: by number, or the most similar."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnviz.comparison.matching import (
    FARTHEST,
    NEAREST,
    best,
    bound,
    by_number,
    distances,
    matches,
    permuted,
)
from attnviz.comparison.measures import Measure
from tests.helpers.compared import Floats, measure

HEADS = [(layer, head) for layer in (0, 1) for head in range(4)]


def several(before: Floats, after: Floats) -> list[Measure]:
    """Three measures of heads, from arrays [measure, unit, head]."""
    return [measure(mine, other) for mine, other in zip(before, after, strict=True)]


def random(seed: int, heads: int = 8) -> Floats:
    return np.random.default_rng(seed).beta(2, 5, (3, 30, heads))


def test_by_number() -> None:
    assert by_number(HEADS, HEADS[2:]) == [(at, at - 2) for at in range(2, 8)]


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(4)), st.permutations(range(4)), st.integers(0, 1000))
def test_permuted_heads_of_a_layer_are_what_they_were(
    first: list[int], second: list[int], seed: int
) -> None:
    before = random(seed)
    order = [*first, *(4 + head for head in second)]
    # The head that is at `order[k]` before is at k after.
    measures = several(before, before[:, :, order])
    pairs = permuted(HEADS, distances(measures, paired=True))
    assert pairs == [(head, order.index(head)) for head in range(8)]
    told = matches((HEADS, HEADS), pairs, measures, "", paired=True)
    assert {match.distance for match in told} == {0.0}
    assert {match.way for match in told if match.before == match.after} <= {"number"}
    for each in measures:
        chosen = each.matched(*zip(*pairs, strict=True))
        assert (chosen.before.mass == chosen.after.mass).all()


def test_heads_that_only_changed_keep_their_numbers() -> None:
    before = random(1)
    noise = np.random.default_rng(2).normal(0, 0.05, before.shape)
    pairs = permuted(HEADS, distances(several(before, before + noise), paired=True))
    assert pairs == [(at, at) for at in range(8)]
    # And so do those of another model altogether, whose best match is luck.
    pairs = permuted(HEADS, distances(several(before, random(3)), paired=True))
    assert pairs == [(at, at) for at in range(8)]


def test_two_heads_at_random_are_a_root_of_two_apart() -> None:
    measures = several(random(1, 60), random(2, 60))
    assert distances(measures, paired=True).mean() == pytest.approx(2**0.5, abs=0.03)


def test_of_other_shapes_the_best_match() -> None:
    before = random(1)
    wide = [*HEADS, (2, 0), (2, 1)]
    order = [9, 3, 1, 0, 8, 2, 4, 6, 7, 5]  # heads 8 and 9 are new
    after = np.concatenate([before, random(2, 2)], axis=2)[:, :, order]
    measures = several(before, after)
    pairs = best(HEADS, wide, distances(measures, paired=True))
    assert pairs == [(head, order.index(head)) for head in range(8)]
    told = matches((HEADS, wide), pairs, measures, "", paired=True)
    assert [match.way for match in told] == [
        "number" if match.before == match.after else "best" for match in told
    ]


def test_of_heads_that_are_all_alike_numbers_count() -> None:
    dead = np.full((3, 30, 8), 0.25)
    dead[0, :, 7] = 0.5
    assert best(HEADS, HEADS, distances(several(dead, dead), paired=True)) == [
        (at, at) for at in range(8)
    ]


def test_without_pairs_of_sentences_means_are_compared() -> None:
    before = random(1) * np.linspace(0.2, 1, 8)
    after = before[:, ::-1][:, :, ::-1]  # other sentences, the heads the other way round
    pairs = best(HEADS, HEADS, distances(several(before, after), paired=False))
    assert pairs == [(head, 7 - head) for head in range(8)]


def test_a_head_of_which_nothing_was_measured_is_unlike_others() -> None:
    events = np.ones((30, 8))
    events[:, 2] = 0
    values = np.random.default_rng(0).beta(2, 5, (30, 8))
    (only,) = several(values[None], values[None])
    without = measure(values, values, events)
    apart = distances([without], paired=True)
    assert apart[2, 2] == 0.0
    assert apart[2, 0] == pytest.approx(2**0.5)
    told = matches((HEADS, HEADS), by_number(HEADS, HEADS), [without], "", paired=True)
    assert told[2].distance is None
    assert distances([only], paired=True)[2, 2] == pytest.approx(0.0, abs=1e-6)


def test_unrelated_heads_are_matched_by_chance_and_beyond_the_bound() -> None:
    """Heads of all kinds, each with numbers of its own: of another model none is a counterpart."""

    def heads(seed: int, many: int) -> Floats:
        kinds = np.random.default_rng(seed).beta(2, 5, (12, 1, many))
        return kinds + np.random.default_rng(seed + 1).normal(0, 0.02, (12, 30, many))

    before = heads(0, 40)
    unrelated = several(before, heads(10, 16))
    closest = distances(unrelated, paired=True).min(0)
    assert (closest < bound(unrelated, paired=True)).mean() <= 0.2
    # A model with every other head removed, each a little changed: all are counterparts.
    kept = before[:, :, ::2] + np.random.default_rng(5).normal(0, 0.02, (12, 30, 20))
    pruned = several(before, kept)
    apart = distances(pruned, paired=True)
    wide = [(0, head) for head in range(40)]
    pairs = best(wide, wide[:20], apart)
    assert pairs == [(2 * head, head) for head in range(20)]
    assert max(apart[pair] for pair in pairs) < bound(pruned, paired=True)


def test_the_bound_of_models_that_cannot_tell_chance() -> None:
    alone = several(random(1, 1), random(2, 1))
    assert bound(alone, paired=True) == FARTHEST
    dead = np.full((3, 30, 8), 0.25)
    assert bound(several(dead, dead), paired=True) == NEAREST
