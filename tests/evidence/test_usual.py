"""What is usual in a sentence, and how far from it a sentence is, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.evidence import usual as usual_room
from attnviz.evidence.usual import deviations, distances, sentence_values, usual
from attnviz.observers.tables import LayerSums, ScoreTable
from attnviz.roles.fixed_offset import ROLE as FIXED_OFFSET
from attnviz.roles.previous_token import ROLE as PREVIOUS
from attnviz.roles.variants import RoleVariant
from attnviz.statistics.confidence import STATISTIC as CONFIDENCE
from attnviz.statistics.entropy import STATISTIC as ENTROPY


def table(masses: list[float], confidence: list[float], events: list[float]) -> ScoreTable:
    """A head with these sums in each sentence: chance is 1, ten queries count for confidence."""
    many = len(masses)
    both = np.array(masses)[:, None, None]
    ones = np.ones((many, 1, 1))
    sums = LayerSums(
        mass=np.concatenate([both, 9 * ones], -1),
        beside=np.zeros((many, 1, 0)),
        chance=np.concatenate([ones, ones], -1),
        events=np.concatenate([np.array(events)[:, None, None], ones], -1),
        values=np.concatenate([10 * np.array(confidence)[:, None, None], 7 * ones], -1),
        counts=10 * np.ones((many, 1, 2)),
    )
    columns = RoleVariant(PREVIOUS), RoleVariant(FIXED_OFFSET, "+2")
    return ScoreTable(columns, (CONFIDENCE, ENTROPY), (0,), (sums,))


def test_numbers_are_scores_less_chance_and_statistics() -> None:
    """(5 - 1) / 4 and (3 - 1) / 4; without an event there is none."""
    names, values = sentence_values(table([5, 3, 0], [0.5, 0.7, 0.9], [4, 4, 0]))
    assert names == ("previous-token", "confidence")  # neither what is chosen nor entropy in nats
    np.testing.assert_allclose(values[:, 0], [[1.0, 0.5], [0.5, 0.7], [np.nan, 0.9]])


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usual_room, "FEWEST", 2)
    monkeypatch.setattr(usual_room, "BINS", 2)


@pytest.mark.usefixtures("few")
def test_means_and_deviations_are_of_sentences_of_like_length() -> None:
    known = usual(table([5, 3, 9, 9], [0.5, 0.7, 0.1, 0.3], [4, 4, 4, 4]), [3, 4, 20, 30])
    assert known is not None
    assert known.edges == (20,)  # up to 19 tokens, and from 20 on
    np.testing.assert_allclose(known.means[:, 0], [[0.75, 0.6], [2.0, 0.2]])
    np.testing.assert_allclose(known.deviations[:, 0], [[0.25, 0.1], [0.0, 0.1]])


@pytest.mark.usefixtures("few")
def test_a_sentence_is_held_against_those_of_its_length() -> None:
    known = usual(table([5, 3, 9, 9], [0.5, 0.7, 0.1, 0.3], [4, 4, 4, 4]), [3, 4, 20, 30])
    assert known is not None
    new = table([5, 5, 9.002, 0], [0.9, 0.5, 0.2, 0.2], [4, 4, 4, 0])
    values, off = deviations(known, new, [5, 19, 20, 99])
    np.testing.assert_allclose(values[0, 0], [1.0, 0.9])
    np.testing.assert_allclose(off[0, 0], [1.0, 3.0])  # 0.25 / 0.25 and 0.3 / 0.1
    np.testing.assert_allclose(off[1, 0], [1.0, -1.0])
    # Where all are alike the least deviation, 0.001, counts: 0.0005 / 0.001.
    np.testing.assert_allclose(off[2, 0], [0.5, 0.0], atol=1e-9)
    np.testing.assert_allclose(off[3, 0], [np.nan, 0.0], atol=1e-9)


def test_the_distance_is_the_root_mean_square_and_none_counts_for_more_than_five() -> None:
    off = np.array([[[3.0, -4.0]], [[12.0, np.nan]], [[np.nan, np.nan]], [[0.0, -50.0]]])
    np.testing.assert_allclose(distances(off), [12.5**0.5, 5.0, 0.0, 12.5**0.5])


def test_of_few_sentences_nothing_is_usual() -> None:
    many = usual_room.FEWEST - 1
    assert usual(table([5] * many, [0.5] * many, [4] * many), [7] * many) is None


def test_equal_lengths_share_a_bin() -> None:
    many = usual_room.FEWEST * 4
    known = usual(table([5] * many, [0.5] * many, [4] * many), [7] * many)
    assert known is not None
    assert known.edges == (7,)
    assert known.means.shape == (2, 1, 2)
    assert np.isnan(known.means[0]).all()  # none is shorter
