"""Words of plain text: by Unicode's rules, and by ICU's dictionaries where no spaces stand."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnviz.text import word_splitter
from attnviz.text.tokenize import Tokenizer, tokenize
from attnviz.text.types import Sentence
from attnviz.text.word_numbers import longest_run, numbered_words, word_spans
from attnviz.text.word_splitter import scripts_without_words, split_words


def words(text: str, language: str = "en") -> list[str]:
    return [text[start:end] for start, end in split_words(text, language)]


@pytest.fixture
def without_icu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    imported = importlib.import_module

    def refuse(name: str) -> object:
        if name == "icu":
            raise ImportError(name)
        return imported(name)

    word_splitter._dictionary.cache_clear()
    monkeypatch.setattr(importlib, "import_module", refuse)
    yield
    word_splitter._dictionary.cache_clear()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She didn't  pay 3.14,\nno.", ["She", "didn't", "pay", "3.14", ",", "no", "."]),
        ("well-known", ["well", "-", "known"]),
        ("It’s the dogs' bowl", ["It’s", "the", "dogs", "'", "bowl"]),
        ("snake_case", ["snake_case"]),
        ("Grüße e\u0301te\u0301", ["Grüße", "e\u0301te\u0301"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("한국어를 공부", ["한국어를", "공부"]),
        ("👩‍👩‍👧🇩🇪", ["👩‍👩‍👧", "🇩🇪"]),
        (" \n", []),
        ("", []),
    ],
)
def test_words_as_their_readers_know_them(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("我爱北京天安门。", "zh", ["我", "爱", "北京", "天安门", "。"]),
        ("日本語のテストですOK", "ja", ["日本語", "の", "テスト", "です", "OK"]),
        ("ผมชอบกินข้าว", "th", ["ผม", "ชอบ", "กิน", "ข้าว"]),
        # Two characters that ICU counts as two units each, before one whose place depends on it.
        ("𠮷𠮷 天安门", "zh", ["𠮷", "𠮷", "天安门"]),
    ],
)
def test_a_dictionary_tells_words_without_spaces(
    text: str, language: str, expected: list[str]
) -> None:
    pytest.importorskip("icu", reason="needs the extra icu")
    assert words(text, language) == expected
    assert scripts_without_words([text]) == []


@pytest.mark.usefixtures("without_icu")
def test_without_a_dictionary_characters_count_and_it_is_known() -> None:
    assert words("北京 isn't") == ["北", "京", "isn't"]
    assert scripts_without_words(["plain", "北京", "ผม"]) == ["Chinese or Japanese", "Thai"]
    assert scripts_without_words(["naïve Привет 한국어 「」"]) == []


@given(
    st.text(st.one_of(st.sampled_from("a'1. \n語本ผมกิ𠮷é\u0301_-"), st.characters()), max_size=30)
)
def test_words_hold_all_but_space_once_and_in_order(text: str) -> None:
    spans = split_words(text)
    assert all(start < end for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    inside = {place for start, end in spans for place in range(start, end)}
    left = {place for place, character in enumerate(text) if place not in inside}
    assert all(text[place].isspace() for place in left)


def test_tokens_that_cover_several_words_tie_them() -> None:
    #         0123456789
    text = "ab cd. ef"
    spans = [(0, 1), (1, 2), (2, 4), (4, 6), (6, 9)]  # a b _c d. _ef
    kinds = [""] * 5
    places = [(0, 2), (3, 5), (5, 6), (7, 9)]  # ab cd . ef
    assert numbered_words(text, spans, kinds, places) == (0, 0, 1, 1, 2)


def test_a_special_token_parts_a_word() -> None:
    spans, places = [(0, 1), (1, 2), (2, 3)], [(0, 3)]
    assert numbered_words("abc", spans, ["", "special", ""], places) == (0, None, 1)


def test_a_token_of_nothing_is_of_the_word_around_it() -> None:
    places = [(0, 2), (3, 5)]
    assert numbered_words("ab cd", [(0, 1), (1, 1), (1, 2)], [""] * 3, places) == (0, 0, 0)
    # Between words it is of the next one, unless the tokenizer takes them for two.
    spans = [(0, 2), (3, 3), (3, 5)]
    for hints, numbers in ((None, (0, 1, 1)), ([0, 1, 1], (0, 1, 1)), ([0, 1, 2], (0, 1, 2))):
        assert numbered_words("ab cd", spans, [""] * 3, places, hints) == numbers


def test_marks_make_no_word_rare() -> None:
    assert longest_run(("didn", "'", "t")) == 1
    assert longest_run((" don", "'t")) == 1
    assert longest_run(("aa", "rd", "var", "ks")) == 4
    assert longest_run(("U", ".", "S", ".")) == 1
    assert longest_run(("...",)) == longest_run(()) == 0


def test_words_of_real_tokens(minilm: Tokenizer, smollm: Tokenizer) -> None:
    text = "They'll say it isn't well-known."
    expected = ["They'll", "say", "it", "isn't", "well", "-", "known", "."]
    for tokenizer in (minilm, smollm):
        assert [word.text for word in word_spans(tokenize(Sentence(1, text), tokenizer, None))] == (
            expected
        )


def test_words_of_real_tokens_in_chinese(minilm: Tokenizer) -> None:
    pytest.importorskip("icu", reason="needs the extra icu")
    tokens = tokenize(Sentence(1, "我爱北京。", language="zh"), minilm, None)
    assert [word.text for word in word_spans(tokens)] == ["我", "爱", "北京", "。"]
