"""Layers whose numbers are none, by the bound that a GPU is asked for once a batch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from attnviz.attention.layer import LayerAttention
from attnviz.models import finite
from tests.helpers.planted import layer

GOOD = replace(layer([np.full((2, 3, 3), 1 / 3)]), value=torch.ones(1, 1, 3, 2))
LARGEST = torch.finfo(torch.float32).max


def spoilt(part: str, number: float) -> LayerAttention:
    """The layer with one number of a part replaced."""
    tensor = getattr(GOOD, part).clone()
    tensor.view(-1)[0] = number
    return replace(GOOD, **{part: tensor})


@pytest.mark.parametrize("part", ["query", "key", "value", "bias"])
@pytest.mark.parametrize("number", [torch.nan, torch.inf])
def test_a_number_that_is_none_shows_in_the_bound(part: str, number: float) -> None:
    assert not finite._bound(spoilt(part, number)) <= LARGEST
    with pytest.raises(finite.NotFiniteError):
        finite.check_layer(spoilt(part, number), None)


def test_scores_that_overflow_show_in_the_bound() -> None:
    large = replace(GOOD, query=GOOD.query + 1e25, key=GOOD.key + 1e25)
    assert not finite._bound(large) <= LARGEST
    assert not finite._bound(replace(GOOD, softcap=0.0)) <= LARGEST
    assert not finite._bound(replace(GOOD, scale=float("nan"))) <= LARGEST


def test_a_layer_of_numbers_passes_whatever_is_masked() -> None:
    masked = spoilt("bias", -torch.inf)
    assert finite._bound(masked) <= LARGEST
    assert finite._bound(replace(GOOD, softcap=30.0)) <= LARGEST
    finite.check_layer(masked, None)
