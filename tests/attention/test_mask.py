"""What is known of a mask without asking the device is what the device would say."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from attnviz.attention.grouping import Grouping
from attnviz.attention.mask import Mask

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("queries", "keys", "causal"), [*product(range(1, 5), range(1, 5), (False, True))]
)
def test_a_plain_mask_knows_itself(queries: int, keys: int, causal: bool) -> None:
    mask = Mask.plain(queries, keys, CPU, causal=causal)
    asked = Mask(mask.first, mask.last, keys)
    assert mask.known == asked._known
    assert Mask.of(mask.dense()).known == asked._known


def test_a_mask_that_is_asked_for_its_keys() -> None:
    ahead = torch.tensor([[1, 0, 0], [1, 1, 0], [1, 1, 1]]).bool()[None, None]
    assert Mask.of(ahead).causal
    assert not Mask.of(~ahead).causal
    assert Mask.of(torch.ones(1, 1, 2, 3).bool())._common is not None
    assert Mask.of(ahead)._common is None


def test_words_are_summed_token_by_token_to_the_same_byte() -> None:
    torch.manual_seed(0)
    groups = [[(0,), (1, 2, 3), (4, 5)], [(0, 1, 2, 3, 4), (5,)]]
    weights = torch.rand(2, 3, 4, 6).softmax(-1)
    word = torch.tensor([[0, 1, 1, 1, 2, 2], [0, 0, 0, 0, 0, 1]])
    index = word[:, None, None].expand_as(weights)
    expected = weights.new_zeros(2, 3, 4, 3).scatter_add_(-1, index, weights)
    assert torch.equal(Grouping.of(groups, CPU)(weights, 3), expected)
    assert torch.equal(Grouping.of(groups, CPU).of_one(1)(weights[1:], 3), expected[1:])
