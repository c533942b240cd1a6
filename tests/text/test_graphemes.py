"""Tokens end with the characters that a reader sees, in labels, words and spans alike."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import regex
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attnviz.text.graphemes import whole_characters
from attnviz.text.merge import merged
from attnviz.text.pairs import joined
from attnviz.text.tokenize import continued, tokenize
from attnviz.text.types import Sentence
from attnviz.text.word_numbers import word_spans
from tests.helpers.texts import sentence

if TYPE_CHECKING:
    from attnviz.text.tokenize import Tokenizer

# A text, and the labels of its tokens in an uncased model that strips marks.
STRIPPED = {
    "an accent apart from its letter": ("un cafe\u0301 noir", "un cafe\u0301 noir"),
    "two of them": ("re\u0301sume\u0301.", "re\u0301sume\u0301 ."),
    "Devanagari": ("में", "में"),
    "Thai": ("ที่", "ที่"),
    "Hangul in letters": ("\u1112\u1161\u11ab", "\u1112\u1161\u11ab"),
    "a skin tone": ("👍🏽!", "[UNK]:👍🏽 !"),
    "a family": ("👨‍👩‍👧 ok", "[UNK]:👨‍👩‍👧 ok"),
    "an emoji's style": ("love ❤\ufe0f!", "love [UNK]:❤\ufe0f !"),
    "a keycap": ("1\ufe0f\u20e3!", "[UNK]:1\ufe0f\u20e3 !"),
    "a mark at the beginning": ("\u0301a b", "a b"),
}


@pytest.mark.parametrize("case", STRIPPED)
def test_a_stripped_mark_belongs_to_its_letter(minilm: Tokenizer, case: str) -> None:
    text, labels = STRIPPED[case]
    tokens = tokenize(sentence(text), minilm, None)
    shown = [str(label) for label in tokens.labels[1:-1]]
    # Hangul and some scripts come in several tokens; these share the character.
    bare = dict.fromkeys(regex.sub(r"·\d+$|^##", "", label) for label in shown)
    assert " ".join(bare) == labels


def test_labels_words_and_merged_words_are_one(minilm: Tokenizer) -> None:
    tokens = tokenize(sentence("Le cafe\u0301 noir"), minilm, None)
    assert tokens.surfaces[2] == "cafe\u0301"
    assert tokens.spans[2] == (3, 8)
    assert [word.text for word in word_spans(tokens)] == ["Le", "cafe\u0301", "noir"]
    words = merged([tokens])[0].tokens
    assert words.surfaces[2] == str(words.labels[2]) == "cafe\u0301"


def test_tokens_within_a_character_share_it(smollm: Tokenizer) -> None:
    tokens = tokenize(sentence("cafe\u0301 x"), smollm, None)
    assert tokens.pieces == ("c", "afe", "Ì", "ģ", "Ġx")
    assert tokens.spans == ((0, 1), (1, 5), (3, 5), (3, 5), (5, 7))
    assert [str(label) for label in tokens.labels] == [
        *("c", "afe\u0301·1", "e\u0301·2", "e\u0301·3", "x")
    ]
    assert [word.text for word in word_spans(tokens)] == ["cafe\u0301", "x"]


def test_what_a_model_writes_may_go_on_with_a_character(smollm: Tokenizer) -> None:
    before = tokenize(sentence("cafe"), smollm, None)
    longer = continued(before, smollm, [151, 219, 1792], "\u0301 x", [0, 1, 3])
    assert longer.sentence.text == "cafe\u0301 x"
    assert longer.surfaces == ("c", "afe\u0301", "e\u0301", "e\u0301", " x")


def test_a_second_text_doesnt_go_on_with_the_first(minilm: Tokenizer) -> None:
    pair = ("a", "\u0301b")
    tokens = tokenize(Sentence(1, joined(pair), pair=pair), minilm, None)
    assert [surface for surface in tokens.surfaces if surface] == ["a", "b"]


def test_spans_by_hand() -> None:
    text = "e\u0301 \r\nकि"  # e + accent, space, two line breaks, a cluster of two
    assert whole_characters(text, [(0, 1), (1, 2), (3, 4), (4, 5), (5, 6), (1, 1)]) == [
        *((0, 2), (0, 2), (3, 4), (4, 5), (5, 7), (2, 2))
    ]
    assert whole_characters("a\r\nb", [(1, 2), (2, 3)]) == [(1, 2), (2, 3)]
    assert whole_characters("a \u0301b", [(0, 1), (3, 4)], [0, 2]) == [(0, 1), (3, 4)]
    assert whole_characters("", [(0, 0)]) == [(0, 0)]


texts = st.text(
    st.sampled_from("ae\u0301\u0327 ,मेंक्षि👨👩\u200d\ufe0f🏽ทีกำ각\u1112\u1161\u11ab🇩🇪\n"),
    max_size=25,
)


@pytest.mark.parametrize("name", ["minilm", "smollm", "slow", "llama_like"])
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=texts)
def test_spans_end_with_characters_and_share_none_but_whole_ones(
    tokenizer: Tokenizer, text: str
) -> None:
    tokens = tokenize(sentence(text), tokenizer, None)
    clusters = [match.span() for match in regex.finditer(r"\r|\X", text)]
    edges = {0, *(end for _, end in clusters)}
    spans = [span for span, kind in zip(tokens.spans, tokens.kinds, strict=True) if not kind]
    assert all({*span} <= edges for span in spans)
    for char, two in pairwise(spans):
        assert two[0] >= char[1] or (two[0], char[1]) in clusters
