"""Tokens and words are named as a reader would, and near misses are told."""

from __future__ import annotations

import pytest

from attnviz.drawing.side import Side
from attnviz.errors import UsageError
from tests.helpers.weights import CAT, tokens

SIDE = Side.of(CAT)  # [CLS] the cat ##nap The [SEP], of which cat ##nap is a word


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("the", (1,)),  # small letters stand for both
        ("the#1", (1,)),
        ("the#2", (4,)),
        ("The", (4,)),
        ("THE", (1,)),
        ("cat##nap", (2, 3)),
        ("##nap", (3,)),
        ("cat", (2,)),
        ("[CLS]", (0,)),
        ("[sep]", (5,)),
    ],
)
def test_names(name: str, places: tuple[int, ...]) -> None:
    assert SIDE.find(name) == places


def test_several_words() -> None:
    assert SIDE.find_all("the#2 cat [SEP]") == [(4,), (2,), (5,)]


def test_signs_of_our_own_in_a_text() -> None:
    side = Side.of(tokens("a # #2 a#2 a"))
    places = [side.find(name) for name in ("#", "#2", "a#2", "a", "##1", "#2#1")]
    assert places == [(1,), (2,), (3,), (0,), (1,), (2,)]


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("teh", "no word or token 'teh'", "Did you mean 'the'?"),
        (
            "xyzzy",
            "no word or token 'xyzzy'",
            "It has the, cat##nap, The, [CLS], cat, ##nap, [SEP].",
        ),
        ("the#3", "no 'the#3': the sentence has only 2", "The last is 'the#2'."),
        ("cat#2", "no 'cat#2': the sentence has only one", "The last is 'cat#1'."),
        ("", "no word or token ''", "It has"),
        (" ", "no word or token ' '", "It has"),
    ],
)
def test_names_of_nothing(name: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        SIDE.find_all(name)
    assert hint in caught.value.hint


def test_what_stands_there_twice_is_told() -> None:
    [note] = SIDE.ambiguous("the cat")
    assert note == "'the' stands there 2 times: the first is taken; 'the#2' is the second."
    assert SIDE.ambiguous("the#2 The cat") == []


def test_a_part_of_a_side_keeps_whole_words() -> None:
    side = SIDE.picked(SIDE.content)
    assert side.texts == ("the", "cat", "##nap", "The")
    assert side.places == (1, 2, 3, 4)
    assert side.find("cat##nap") == (1, 2)
    assert [word.text for word in SIDE.picked([0, 1, 2]).words] == ["the"]
