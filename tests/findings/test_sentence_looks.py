"""What words look at, on a sentence whose attention is made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.figures.views import SentenceView
from attnviz.findings.sentence_looks import WORDS, sentence_looks
from attnviz.text.types import Sentence, TokenLabel, Tokens

PIECES = ("[CLS]", "it", "was", "ti", "##red", "[SEP]")
KINDS = ("cls", "", "", "", "", "sep")
NUMBERS = (None, 0, 1, 2, 2, None)


def tokens(
    pieces: tuple[str, ...] = PIECES,
    kinds: tuple[str, ...] = KINDS,
    words: tuple[int | None, ...] = NUMBERS,
) -> Tokens:
    surfaces = tuple(
        "" if kind else piece.removeprefix("##") for piece, kind in zip(pieces, kinds, strict=True)
    )
    labels = tuple(map(TokenLabel, pieces))
    ids = tuple(range(len(pieces)))
    return Tokens(Sentence(1, " ".join(pieces)), ids, pieces, surfaces, labels, kinds, words)


def view(*heads: np.ndarray, block: int = 1, causal: bool = False) -> SentenceView:
    attention = np.stack(heads)[None].astype(np.float32)  # [layer, head, query, key]
    size = attention.shape[-1]
    return SentenceView(
        1, tuple(map(TokenLabel, PIECES)), attention, attention.mean(1), None, np.zeros(size), (),
        causal=causal, block=block,
    )  # fmt: skip


def looking(row: list[float]) -> np.ndarray:
    return np.tile(np.array(row), (6, 1))


RESTING = looking([0.9, 0.0, 0.0, 0.1, 0.0, 0.0])
WORKING = looking([0.1, 0.2, 0.1, 0.3, 0.2, 0.1])


def test_a_word_looks_at_words_over_the_heads_that_do_not_rest() -> None:
    found = sentence_looks(view(RESTING, WORKING, RESTING), tokens())
    assert (found.heads, found.resting, found.more) == (1, 2, 0)
    it, was, tired = found.words
    # The pieces of a word are summed, itself is left out.
    assert [(each.text, round(each.weight, 6)) for each in it.looks] == [
        ("tired", 0.5),
        ("was", 0.1),
    ]
    assert (round(it.itself, 6), round(it.resting, 6)) == (0.2, 0.2)
    assert [each.text for each in tired.looks] == ["it", "was"]
    assert round(tired.itself, 6) == 0.5
    assert round(it.itself + it.resting + sum(each.weight for each in it.looks), 6) == 1.0
    assert was.start == 2


def test_what_words_receive_leaves_special_tokens_out_and_says_how_much() -> None:
    found = sentence_looks(view(WORKING), tokens())
    assert found.received[0] is None
    assert found.received[-1] is None
    assert found.received[1] == pytest.approx(0.2 / 0.8)
    assert sum(share or 0.0 for share in found.received) == pytest.approx(1.0)
    assert found.removed == pytest.approx(0.2)


def test_in_a_causal_model_the_first_token_rests_too() -> None:
    pieces, words = ("it", "was", "tired"), (0, 1, 2)
    rows = np.array([[1.0, 0.0, 0.0], [0.4, 0.6, 0.0], [0.2, 0.5, 0.3]])
    made = view(rows, causal=True)
    found = sentence_looks(made, tokens(pieces, ("", "", ""), words))
    assert found.heads == 1
    assert found.received[0] is None
    assert [round(word.resting, 6) for word in found.words] == [1.0, 0.4, 0.2]
    assert [each.text for each in found.words[2].looks] == ["was"]


def test_where_all_heads_rest_nothing_is_said() -> None:
    found = sentence_looks(view(RESTING, RESTING), tokens())
    assert (found.heads, found.resting) == (0, 2)
    assert found.words == ()
    assert found.received == ()
    assert found.removed is None


def test_a_long_sentence_tells_its_first_words_and_a_pooled_one_none() -> None:
    size = WORDS + 5
    pieces = tuple(f"w{at}" for at in range(size))
    even = np.full((size, size), 1 / size)
    found = sentence_looks(view(even), tokens(pieces, ("",) * size, tuple(range(size))))
    assert (len(found.words), found.more) == (WORDS, 5)
    assert sentence_looks(view(WORKING, block=2), tokens()).words == ()


def test_cross_attention_looks_at_the_words_of_the_source() -> None:
    rows = np.array([[0.0, 0.9, 0.1, 0.0, 0.0, 0.0], [0.0, 0.1, 0.2, 0.4, 0.3, 0.0]])
    target = tokens(("il", "est"), ("", ""), (0, 1))
    found = sentence_looks(view(rows), target, tokens())
    assert [word.looks[0].text for word in found.words] == ["it", "tired"]
    assert {word.itself for word in found.words} == {0.0}
    assert len(found.received) == len(PIECES)
