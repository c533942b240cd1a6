"""How much words give words, worked out by hand, and how scripts name heads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from attnviz.drawing import files
from attnviz.drawing.settings import DrawSettings, inches
from attnviz.drawing.view import DrawingStyle
from attnviz.errors import UsageError
from tests.helpers.weights import FIRST, weights


def mass(query: str, key: str, *, last: bool = False, **lens: str) -> float:
    """Of L0H1, which is not even."""
    ranked = weights(last=last).mass(query, key, **lens)  # type: ignore[arg-type]
    return {each.name: each.mass for each in ranked}["L0H1"]


def test_a_word_as_a_key_is_the_sum_over_its_tokens() -> None:
    assert mass("The", "cat##nap") == pytest.approx(0.2 + 0.1)
    assert mass("The", "cat") == pytest.approx(0.2)


def test_a_word_as_a_query_is_the_mean_or_the_last_of_its_tokens() -> None:
    assert mass("cat##nap", "the") == pytest.approx((0.1 + 1) / 2)
    assert mass("cat##nap", "the", last=True) == pytest.approx(1)


def test_of_several_words_keys_are_summed_and_queries_averaged() -> None:
    assert mass("The", "the cat##nap [CLS]") == pytest.approx(0.1 + 0.3 + 0.5)
    assert mass("The", "cat cat") == pytest.approx(0.2)
    # The mean over two words, of which one has two tokens.
    assert mass("The cat##nap", "the") == pytest.approx((0.1 + 0.55) / 2)


def test_through_the_lens() -> None:
    assert mass("The", "cat##nap", lens="content") == pytest.approx(0.3 / 0.5)
    _, removed = weights().ranked("The", "cat", "content")
    assert removed == pytest.approx((0.5 + 3 * 2 / 6) / 4)
    with pytest.raises(UsageError, match=r"\[SEP\] is a special token"):
        mass("The", "[SEP]", lens="content")


def test_the_most_comes_first_and_equals_in_their_order() -> None:
    ranked = weights().mass("The", "cat##nap")
    assert [each.name for each in ranked] == ["L0H0", "L1H0", "L1H1", "L0H1"]
    assert ranked[0]._asdict() == {
        "name": "L0H0",
        "layer": 0,
        "head": 0,
        "mass": pytest.approx(1 / 3),
    }


def test_heads_by_name_or_numbers() -> None:
    found = weights()
    assert (found.head("L0H1") == FIRST).all()
    assert (found.head(0, 1) == FIRST).all()
    assert (found.weights[0, 1] == FIRST).all()
    assert found.weights.shape == (2, 2, 6, 6)
    assert found.names == ("L0H0", "L0H1", "L1H0", "L1H1")
    assert found.words == ("the", "cat##nap", "The")
    name: str | int
    for name in ("L5H5", 5, "5", "L0H0,L0H1"):
        with pytest.raises(UsageError) as caught:
            found.head(name)
        assert caught.value.hint


@pytest.mark.parametrize(("key", "lens"), [("zebra", "all"), ("the", "some"), (3, "all")])
def test_words_and_lenses_that_are_none(key: Any, lens: str) -> None:
    with pytest.raises(UsageError) as caught:
        mass("the", key, lens=lens)
    assert caught.value.hint


def test_layers_of_different_numbers_of_heads_make_no_array() -> None:
    three = weights()
    ragged = replace(three, places=three.places[:3], matrices=three.matrices[:3])
    assert ragged.head(1, 0).shape == (6, 6)
    with pytest.raises(UsageError, match="different numbers of heads"):
        ragged.weights  # noqa: B018


def test_sizes() -> None:
    assert [inches(size) for size in ("3.3in", "8.4 cm", "84mm", "")] == [
        *(3.3, pytest.approx(8.4 / 2.54), pytest.approx(8.4 / 2.54)),
        None,
    ]


def test_a_word_of_a_causal_model_sees_none_that_comes_later() -> None:
    causal = replace(weights(), causal=True)
    assert causal.unseen("the", "cat##nap")
    assert not causal.unseen("cat##nap", "the")
    assert not causal.unseen("the", "the cat##nap")
    assert not weights().unseen("the", "cat##nap")


def test_where_matrices_look_at_special_tokens_the_lens_is_named() -> None:
    settings, looks = DrawSettings(), DrawingStyle()
    resting = replace(weights(), matrices=np.stack([FIRST] * 4))
    (note,) = files.result(resting, settings, looks).notes
    assert "--lens content" in note
    assert files.result(resting, replace(settings, lens="content"), looks).notes == ()
