"""Induction on repeated tokens: planted heads, and a circuit set by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from attnviz.attention import batch as batches
from attnviz.attention.layer import LayerAttention
from attnviz.attention.mask import Mask
from attnviz.evidence.prefix_matching import BASELINES, Induction, against_chance, judge_induction
from attnviz.models.direct_path import DirectPath
from attnviz.observers.repeats import InductionKeeper, Logits
from attnviz.text.types import Tokens
from tests.helpers.planted import Head, at_offset, even, layer, on_target, see, sentence

NAMES = "abcdefgh"
VOCABULARY = 100


def drawn(count: int = 10, *, repeats: int = 4, start: str = "[BOS]") -> list[Tokens]:
    """Draws of the tokens a to h, whose ids are their places in the alphabet."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(count):
        text = " ".join([start, *list(rng.permutation(list(NAMES))) * repeats]).strip()
        tokens = sentence(text)
        ids = tuple(NAMES.find(piece) % VOCABULARY for piece in tokens.pieces)
        found.append(replace(tokens, ids=ids))
    return found


def judged(
    found: list[Tokens], layers: list[LayerAttention], logits: Logits | None = None
) -> Induction:
    keeper = InductionKeeper(found, logits)
    batch = batches.make(found, 0, torch.device("cpu"))
    see(layers, [keeper], batch, range(len(found)))
    return judge_induction(keeper.table())


def planted(found: list[Tokens], *made: Head, causal: bool = True) -> Induction:
    weights = [np.array([head(tokens) for head in made]) for tokens in found]
    return judged(found, [layer(weights, causal=causal)])


def test_even_attention_worked_by_hand() -> None:
    #               0    1 2 3 4 5 6 7 8
    one = sentence("[BOS] a b c d a b c d")
    found = planted([one] * 5, even)
    # Token 5 is the first that occurred before; one token followed its copy; it sees 6 keys.
    chance = (1 / 6 + 1 / 7 + 1 / 8 + 1 / 9) / 4
    assert found.prefix_matching.score == pytest.approx([chance])
    for name in BASELINES:
        assert found.baselines[name] == pytest.approx([chance])
    assert found.margin.score == pytest.approx([0.0])
    assert (found.verdicts, found.draws, found.queries) == (("no",), 5, 20)
    assert found.copying is None


def test_all_copies_count_and_where_all_is_seen_only_earlier_ones() -> None:
    #               0 1 2 3 4 5 6 7 8
    one = sentence("a b c a b c a b c")
    found = planted([one] * 5, even)
    # Of 4, 5, 6, 7, 8 and 9 keys; at the sixth place (5) c's follower is a, at 3.
    chance = (1 / 4 + 1 / 5 + 1 / 6 + 2 / 7 + 2 / 8 + 2 / 9) / 6
    assert found.prefix_matching.score == pytest.approx([chance])
    found = planted([one] * 5, even, causal=False)
    assert found.prefix_matching.score == pytest.approx([(1 + 1 + 1 + 2 + 2 + 2) / 6 / 9])
    assert found.baselines["duplicate-token"] == pytest.approx([2 / 9])


@pytest.mark.parametrize("causal", [True, False])
def test_only_the_head_that_finds_what_followed_is_supported(causal: bool) -> None:
    three = [
        on_target(role, 0.8, causal=causal)
        for role in ("induction", "duplicate-token", "previous-token")
    ]
    found = planted(drawn(), *three, at_offset(-7), causal=causal)
    assert found.heads == ((0, 0), (0, 1), (0, 2), (0, 3))
    assert found.prefix_matching.score[0] == pytest.approx(0.8, abs=1e-6)
    assert found.baselines["duplicate-token"][1] == pytest.approx(0.8, abs=1e-6)
    assert found.baselines["previous-token"][2] == pytest.approx(0.8, abs=1e-6)
    assert found.against[1:3] == ("duplicate-token", "previous-token")
    # A head of fixed distance does as well where all repeats are of one length.
    assert found.verdicts == ("supported", "no", "no", "supported")


def test_too_few_draws_support_nothing() -> None:
    found = planted(drawn(4), on_target("induction", 1.0, causal=True))
    assert found.prefix_matching.score == pytest.approx([1.0])
    assert np.isnan(found.prefix_matching.low).all()
    assert found.verdicts == ("no",)


def test_an_interval_is_as_wide_as_students() -> None:
    found = drawn(10)
    shares = np.linspace(0.5, 0.95, 10)  # of each row on the target, draw by draw
    share_of = {one.sentence.text: share for one, share in zip(found, shares, strict=True)}

    def head(tokens: Tokens) -> Any:
        return on_target("induction", share_of[tokens.sentence.text], causal=True)(tokens)

    estimate = planted(found, head).prefix_matching
    assert estimate.score == pytest.approx([shares.mean()])
    error = shares.std(ddof=1) / np.sqrt(10)
    assert estimate.high - estimate.low == pytest.approx([2 * 2.262 * error], rel=0.1)


def circuit(found: list[Tokens]) -> list[LayerAttention]:
    """Layer 0 looks at the token before, and writes it where layer 1 looks for a token's copies.

    Layer 1's second head looks for copies of a token among the tokens themselves.
    """
    ids = torch.tensor([one.ids for one in found])
    count = ids.shape[1]
    tokens = torch.nn.functional.one_hot(ids, VOCABULARY).float()[:, None]
    places = torch.eye(count).expand(len(found), 1, -1, -1)
    before = torch.eye(count).roll(-1, 1).expand_as(places)  # token i asks for place i - 1
    mask = Mask.plain(count, count, torch.device("cpu"), causal=True)
    first = LayerAttention(0, before, places, 50.0, mask, tokens)
    keys = torch.cat([first.weights @ tokens, tokens], 1)
    both = tokens.expand_as(keys)
    return [first, LayerAttention(1, both, keys, 50.0, mask, both)]


def written(*signs: float) -> DirectPath:
    """Heads that write what they read, or its opposite, to one-hot logits; 0: all names alike."""
    same = torch.eye(VOCABULARY)
    alike = torch.zeros(VOCABULARY, VOCABULARY)
    alike[:, : len(NAMES)] = 1.0
    heads = [sign * same if sign else alike for sign in signs]
    mean = torch.full((VOCABULARY,), 1 / VOCABULARY)
    ones = torch.ones(VOCABULARY)
    outputs = {0: linear(heads[0]), 1: linear(torch.cat(heads[1:]))}
    return DirectPath(outputs, same, mean, ones, centred=False)


def linear(weight: Tensor) -> nn.Linear:
    """A map by a weight [input, output]."""
    size, made_of = weight.shape
    made = nn.Linear(size, made_of, bias=False)
    made.weight = nn.Parameter(weight.T.contiguous())
    return made


def test_a_circuit_of_two_layers_has_its_induction_head_in_the_second() -> None:
    found = drawn()
    scores = judged(found, circuit(found), written(1, 1, 1).logits)
    assert scores.heads == ((0, 0), (1, 0), (1, 1))
    assert scores.prefix_matching.score == pytest.approx([0, 1, 0], abs=1e-6)
    assert scores.prefix_matching.low == pytest.approx([0, 1, 0], abs=1e-6)
    assert scores.baselines["previous-token"] == pytest.approx([1, 0, 0], abs=1e-6)
    assert scores.verdicts == ("no", "supported", "no")
    # All three raise what they look at, and nothing else.
    assert scores.copying is not None
    assert scores.copying.score == pytest.approx([1, 1, 1], abs=1e-5)


def test_copying_is_minus_one_where_the_others_are_raised_and_zero_where_all_are() -> None:
    found = drawn()
    scores = judged(found, circuit(found), written(1, -1, 0).logits)
    assert scores.copying is not None
    assert scores.copying.score == pytest.approx([1, -1, 0], abs=1e-5)
    assert scores.lifted is not None
    assert scores.lifted_chance is not None
    # Whose logit is above the mean: the token alone, all but it, and none where all are alike.
    assert scores.lifted.score == pytest.approx([1, 0, 0])
    assert scores.lifted_chance == pytest.approx([1 / 8, 7 / 8, 0])
    assert scores.verdicts == ("no", "supported", "no")


@pytest.mark.parametrize(("tokens", "share", "expected"), [(2, 0.6, 0.2), (25, 1 / 25, 0.0)])
def test_copying_is_the_papers_where_chance_is_a_half(
    tokens: int, share: float, expected: float
) -> None:
    assert against_chance(1 / tokens, np.array([share])) == pytest.approx([expected])


@given(st.floats(0.0, 1.0), st.integers(2, 100))
def test_copying_rises_from_minus_one_to_one_through_chance(share: float, tokens: int) -> None:
    c = 1 / tokens
    low, at, high = against_chance(c, np.array([0.0, c, 1.0]))
    assert (low, at, high) == (-1.0, 0.0, 1.0)
    value = against_chance(c, np.array([share]))[0]
    assert -1 <= value <= 1
    assert (value > 0) == (share > c)


def test_a_head_that_favours_what_it_attends_to_is_seen_to_copy() -> None:
    """As L23H2 of SmolLM2: most queries lift their token, and raise many others a little."""
    found = drawn()
    path = written(1, 1, 1)
    favoured = torch.eye(VOCABULARY) * 2
    favoured[:, : len(NAMES)] += 1.0  # three times as much as each of the others
    path = replace(
        path, outputs={**path.outputs, 0: linear(favoured)}, mean=torch.zeros(VOCABULARY)
    )
    scores = judged(found, circuit(found), path.logits)
    assert scores.copying is not None
    assert scores.lifted is not None
    # x = 3 / 10 and c = 1 / 8: odds of 3 to 7 against 1 to 7.
    assert scores.copying.score[0] == pytest.approx((3 - 1) / (3 + 1), abs=1e-5)
    assert scores.lifted.score[0] == 1


def test_where_a_head_rests_does_not_count_against_its_copying() -> None:
    found = drawn()
    second = circuit(found)[1]
    # Its attention by half on [BOS], of which it reads nothing.
    weights = second.weights / 2
    weights[..., 0] += 0.5
    value = second.value
    assert value is not None
    nothing = value.clone()
    nothing[:, :, 0] = 0
    resting = replace(second, bias=weights.log().clamp_min(-1e30), scale=0.0, value=nothing)
    scores = judged(found, [resting], written(1, 1, 1).logits)
    assert scores.prefix_matching.score[0] == pytest.approx(0.5)
    assert scores.copying is not None
    assert scores.copying.score == pytest.approx([1, 1], abs=1e-5)


def test_a_layer_whose_way_to_the_logits_is_unknown_has_no_copying() -> None:
    found = drawn()
    path = written(1, 1, 1)
    scores = judged(found, circuit(found), replace(path, outputs={1: path.outputs[1]}).logits)
    assert scores.copying is not None
    assert np.isnan(scores.copying.score).tolist() == [True, False, False]
    scores = judged(found, circuit(found), lambda *_: None)
    assert (scores.copying, scores.lifted, scores.lifted_chance) == (None, None, None)
