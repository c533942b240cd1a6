"""Rollout and received attention on two layers that are multiplied out by hand."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest
import torch

from attnviz.attention import batch as batches
from attnviz.observers.drawn import SentenceFlow
from attnviz.observers.rollout import FlowKeeper
from tests.helpers.planted import Floats, layer, see, sentence

# Layer 0: two heads with the mean [[1/2, 1/2], [1, 0]]; layer 1: both [[0, 1], [1/2, 1/2]].
FIRST = np.array([[[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]]])
SECOND = np.array([[[0.0, 1.0], [0.5, 0.5]]] * 2)


def flow(
    *layers: Floats,
    text: str = "one two",
    residual: bool = True,
    causal: bool = False,
    pad: int = 0,
) -> SentenceFlow:
    """The flow of one sentence, alone or beside a longer one of even attention."""
    sentences = [sentence(text)]
    if pad:
        sentences.append(sentence(" ".join(f"w{k}" for k in range(len(sentences[0]) + pad))))
    keeper = FlowKeeper(residual=residual, matrices=True)
    batch, size = batches.make(sentences, 0, torch.device("cpu")), len(sentences[-1])
    shown = [
        layer(
            [weights, *[np.full((len(weights), size, size), 1.0 / size)] * (len(sentences) - 1)],
            causal=causal,
            number=number,
        )
        for number, weights in enumerate(layers)
    ]
    see(shown, [keeper], batch, range(len(sentences)))
    return keeper.flows[0]


@pytest.mark.parametrize("pad", [0, 3])
def test_with_the_residual(pad: int) -> None:
    # A_0 = 1/2 [[1/2, 1/2], [1, 0]] + 1/2 I = [[3/4, 1/4], [1/2, 1/2]]
    # A_1 = 1/2 [[0, 1], [1/2, 1/2]] + 1/2 I = [[1/2, 1/2], [1/4, 3/4]]
    # A_1 A_0 = [[3/8 + 1/4, 1/8 + 1/4], [3/16 + 3/8, 1/16 + 3/8]]
    found = flow(FIRST, SECOND, pad=pad)
    assert found.matrix is not None
    np.testing.assert_allclose(found.matrix, [[5 / 8, 3 / 8], [9 / 16, 7 / 16]], atol=1e-7)
    assert found.rollout == pytest.approx([19 / 32, 13 / 32])
    # Half the L1 distance of (5/8, 3/8) and (9/16, 7/16).
    assert found.drift == pytest.approx(1 / 16)


def test_without_the_residual() -> None:
    # [[0, 1], [1/2, 1/2]] [[1/2, 1/2], [1, 0]] = [[1, 0], [3/4, 1/4]]
    found = flow(FIRST, SECOND, residual=False)
    assert found.matrix is not None
    np.testing.assert_allclose(found.matrix, [[1.0, 0.0], [3 / 4, 1 / 4]], atol=1e-7)
    assert found.drift == pytest.approx(1 / 4)


@pytest.mark.parametrize("pad", [0, 3])
def test_received_and_entropy(pad: int) -> None:
    # Key 0 gets, head by head, (2, 1) / 2 in layer 0 and (1/2, 1/2) / 2 in layer 1.
    found = flow(FIRST, SECOND, pad=pad)
    assert found.received == pytest.approx([(1 + 0.5 + 0.25 + 0.25) / 4, 0.5])
    assert found.entropy == pytest.approx([0.0, log(2) / 2])


def test_special_tokens_receive_but_are_no_queries() -> None:
    #     CLS  one  two
    rows = [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.5, 0.0, 0.5]]
    found = flow(np.array([rows]), text="[CLS] one two", residual=False)
    assert found.rollout == pytest.approx([0.5, 0.25, 0.25])
    assert found.received == pytest.approx([0.5, 0.25, 0.25])
    assert found.drift == pytest.approx(0.5)


def test_one_content_token_has_nothing_to_drift_from() -> None:
    assert flow(np.ones((1, 1, 1)), text="one").drift is None


def test_in_causal_models_deep_rows_drift_to_the_first_token() -> None:
    even = np.tri(6)[None] / np.arange(1, 7)[:, None]
    drifts = [
        flow(*[even] * depth, text="a b c d e f", causal=True).drift or 0.0
        for depth in (1, 4, 16, 64)
    ]
    assert drifts == sorted(drifts, reverse=True)
    assert drifts[-1] < 1e-6
    deep = flow(*[even] * 64, text="a b c d e f", causal=True)
    assert deep.rollout == pytest.approx([1, 0, 0, 0, 0, 0], abs=1e-6)


def test_drift_is_the_mean_over_all_pairs_of_rows() -> None:
    rng = np.random.default_rng(0)
    rows = rng.dirichlet(np.ones(7), size=7)
    pairs = [abs(rows[i] - rows[j]).sum() / 2 for i in range(7) for j in range(i)]
    found = flow(rows[None], text="a b c d e f g", residual=False)
    assert found.drift == pytest.approx(np.mean(pairs), abs=1e-6)


def test_rollout_of_a_model_with_sinks_still_sums_to_one() -> None:
    # A sink takes half of each row; rollout follows what is left, scaled to 1.
    plain = layer([np.full((1, 2, 2), 0.5)])
    keeper = FlowKeeper(residual=True, matrices=True)
    batch = batches.make([sentence("one two")], 0, torch.device("cpu"))
    see([replace(plain, bias=None, sinks=torch.tensor([log(2)]))], [keeper], batch, [0])
    assert keeper.flows[0].rollout == pytest.approx([0.5, 0.5])
    assert keeper.flows[0].received == pytest.approx([0.25, 0.25])
