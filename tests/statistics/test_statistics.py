"""Statistics of matrices small enough to check on paper."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest
import torch
from torch import Tensor

from attnviz.attention.layer import LayerAttention
from tests.helpers.planted import STATISTICS, Floats, layer, measure, sentence

ONE_HOT = [1.0, 0.0, 0.0]
EVEN = [1 / 3, 1 / 3, 1 / 3]
HALVES = [0.0, 0.5, 0.5]

MATRIX = np.array([ONE_HOT, EVEN, HALVES])
# By hand, a row each, for attention both ways over three keys.
EXPECTED = {
    "entropy": [0.0, log(3), log(2)],
    "normalized_entropy": [0.0, 1.0, log(2) / log(3)],
    "distance": [0.0, (1 + 0 + 1) / 3, (2 * 0 + 1 * 0.5 + 0 * 0.5)],
    "uniform_distance": [(0 + 1 + 2) / 3, (1 + 0 + 1) / 3, (2 + 1 + 0) / 3],
    "confidence": [1.0, 1 / 3, 0.5],
    # Mean absolute difference over twice the mean: (4/9) / (2/3), 0, (4 * 0.5 / 9) / (2/3).
    "gini": [2 / 3, 0.0, 1 / 3],
}
# The lower triangle [[1, .], [1/4, 3/4]] of a causal head: the first row sees one key.
CAUSAL = np.array([[1.0, 0.0], [0.25, 0.75]])
EXPECTED_CAUSAL = {
    "entropy": [0.0, -0.25 * log(0.25) - 0.75 * log(0.75)],
    "normalized_entropy": [None, (-0.25 * log(0.25) - 0.75 * log(0.75)) / log(2)],
    "distance": [0.0, 0.25],
    "uniform_distance": [0.0, 0.5],
    "confidence": [1.0, 0.75],
    "gini": [None, 0.25],  # |3/4 - 1/4| / (2 * 2 * 1/2) * 2 / 2
}
EVERY = torch.ones(1, 3, dtype=torch.bool)


def values(name: str, attention: LayerAttention, content: Tensor) -> list[float | None]:
    """A statistic's values on the first head, None for NaN."""
    statistic = next(one for one in STATISTICS if one.name == name)
    found = statistic.values(attention, content)
    assert found is not None
    return [None if np.isnan(value) else value for value in found[0, 0].tolist()]


@pytest.mark.parametrize("name", EXPECTED)
def test_both_ways(name: str) -> None:
    assert values(name, layer([MATRIX[None]]), EVERY) == pytest.approx(EXPECTED[name], abs=1e-6)


@pytest.mark.parametrize("name", EXPECTED)
def test_padding_changes_nothing(name: str) -> None:
    attention = layer([MATRIX[None], np.full((1, 5, 5), 0.2)])
    content = torch.ones(2, 5, dtype=torch.bool)
    assert values(name, attention, content)[:3] == pytest.approx(EXPECTED[name], abs=1e-6)


@pytest.mark.parametrize("name", EXPECTED_CAUSAL)
def test_causal(name: str) -> None:
    attention = layer([CAUSAL[None]], causal=True)
    found = values(name, attention, torch.ones(1, 2, dtype=torch.bool))
    assert found == pytest.approx(EXPECTED_CAUSAL[name], abs=1e-6)


def test_an_even_row_has_exactly_the_greatest_entropy_and_a_sure_one_exactly_none() -> None:
    assert values("entropy", layer([np.eye(3)[None]]), EVERY) == [0.0, 0.0, 0.0]
    assert not torch.signbit(layer([np.eye(3)[None]]).entropy).any()  # "-0.00" in a report


def test_the_figure_of_a_head_is_the_mean_over_content_queries() -> None:
    # The special tokens' rows are left out; the words' rows have entropies ln 2 and 0.
    weights = np.array([[*EVEN, 0], [0.5, 0, 0.5, 0], [0, 0, 1, 0], [0.25] * 4])
    found = measure([sentence("[CLS] one two [SEP]")], [lambda _: weights])
    assert found.statistic("entropy") == pytest.approx(log(2) / 2)
    assert found.statistic("normalized_entropy") == pytest.approx(log(2) / log(4) / 2)
    assert found.statistic("received") == pytest.approx((0.5 + 1) / 2)


def test_the_figure_pools_tokens_over_sentences_not_sentences() -> None:
    # Entropies: one query at ln 2, three at 0: the mean is ln 2 / 4, not ln 2 / 2.
    def head(tokens: object) -> Floats:
        return np.full((2, 2), 0.5) if len(tokens) == 2 else np.eye(4)  # type: ignore[arg-type]

    found = measure([sentence("[CLS] one"), sentence("[CLS] one two three")], [head])
    assert found.statistic("entropy") == pytest.approx(log(2) / 4)
    # Received is a sentence's own figure: 1/2 and 1/3.
    assert found.statistic("received") == pytest.approx((1 / 2 + 1 / 3) / 2)


def test_a_sentence_of_one_token_and_one_without_content() -> None:
    one = measure([sentence("word")], [lambda _: np.ones((1, 1))])
    assert one.statistic("entropy") == one.statistic("distance") == 0.0
    assert one.statistic("confidence") == one.statistic("received") == 1.0
    counts = dict(zip(one.table.statistics, one.table.layers[0].counts[0, 0], strict=True))
    undefined = {statistic.name for statistic, count in counts.items() if not count}
    assert undefined == {"normalized_entropy", "gini", "resting", "removed"}

    empty = measure([sentence("[CLS] [SEP]")], [lambda _: np.full((2, 2), 0.5)])
    assert not empty.table.layers[0].counts.any()
    assert not empty.table.layers[0].values.any()
    assert np.isfinite(empty.table.layers[0].mass).all()


def test_a_sink_logit_takes_mass_from_every_row() -> None:
    # Scores 0 over two keys and a sink of ln 2: exp is 1, 1 and 2, so the sink takes half.
    plain = layer([np.full((1, 2, 2), 0.5)])
    attention = replace(plain, bias=None, sinks=torch.tensor([log(2)]))
    content = torch.ones(1, 2, dtype=torch.bool)
    np.testing.assert_allclose(attention.weights[0, 0], [[0.25, 0.25], [0.25, 0.25]])
    assert values("removed", attention, content) == pytest.approx([0.5, 0.5])
    assert values("confidence", attention, content) == pytest.approx([0.25, 0.25])
    assert values("entropy", attention, content) == pytest.approx([log(2), log(2)])  # 2 * ln4 / 4
    assert values("gini", attention, content) == pytest.approx([0.0, 0.0])
    # Chance is over the keys that are seen, whatever the sink takes.
    assert attention.uniform.weights[0, 0].tolist() == [[0.5, 0.5], [0.5, 0.5]]


def test_without_a_sink_logit_nothing_is_removed() -> None:
    removed = next(one for one in STATISTICS if one.name == "removed")
    assert removed.values(layer([MATRIX[None]]), EVERY) is None
