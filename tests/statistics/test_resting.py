"""Attention at rest, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from attnviz.attention import batch as batches
from attnviz.attention.request import Request, join
from attnviz.observers.sums import ScoreKeeper
from attnviz.statistics.resting import STATISTIC
from attnviz.text.types import Tokens
from tests.helpers.planted import Floats, Head, layer, sentence, show


def rows(*weights: float) -> Head:
    """A head whose rows are all the same."""

    def head(tokens: Tokens) -> Floats:
        return np.tile(np.array(weights), (len(tokens), 1))

    return head


def resting(text: str, head: Head, *, causal: bool = False) -> tuple[float, int]:
    """Attention at rest, and over how many queries."""
    keeper = ScoreKeeper([], [STATISTIC], 1)
    show([sentence(text)], [head], [keeper], causal=causal)
    sums = keeper.table().layers[0]
    count = int(sums.counts[0, 0, 0])
    return float(sums.values[0, 0, 0]) / count, count


def test_the_first_and_the_special_tokens_together() -> None:
    # CLS 0.5 and SEP 0.2, asked from the two words between.
    found = resting("[CLS] a b [SEP]", rows(0.5, 0.1, 0.2, 0.2))
    assert found == pytest.approx((0.7, 2), abs=1e-6)


def test_a_first_token_that_is_a_word_counts_too() -> None:
    found = resting("a b c [SEP]", rows(0.4, 0.3, 0.1, 0.2))
    assert found == pytest.approx((0.6, 3), abs=1e-6)


def test_the_first_row_of_a_causal_model_has_no_choice() -> None:
    # Rows over the keys that are seen: (0.5, 0.5), and (0.4, 0.4, 0.2).
    found = resting("a b c", rows(0.4, 0.4, 0.2), causal=True)
    assert found == pytest.approx(((0.5 + 0.4) / 2, 2), abs=1e-6)


def test_nobody_rests_where_nothing_is_on_the_first_token() -> None:
    assert resting("a b c", rows(0.0, 0.5, 0.5))[0] == pytest.approx(0.0, abs=1e-6)


def test_what_a_sink_logit_takes_is_at_rest() -> None:
    tokens = sentence("[CLS] a b [SEP]")
    batch = batches.make([tokens], 0, torch.device("cpu"))
    planted = layer([rows(0.25, 0.25, 0.25, 0.25)(tokens)[None]])
    # exp(bias) sums to 1, and so does exp(0): the sink takes half of each row.
    attention = replace(planted, sinks=torch.zeros(1), joined=join(batch, [Request()]))
    values = STATISTIC.values(attention, batch.content)
    assert values is not None
    # Half by the sink, and half of the rest on CLS and SEP.
    torch.testing.assert_close(values[0, 0, 1:3], torch.full((2,), 0.75))
