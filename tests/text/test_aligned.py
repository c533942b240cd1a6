from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attnviz.text.aligned import Words, word_tokens
from attnviz.text.tokenize import Tokenizer, tokenize
from attnviz.text.types import Sentence, TokenLabel, Tokens
from tests.helpers.texts import Spans, annotated, in_words, parsed

pytestmark = pytest.mark.slow

ALL = ["t5_like", "roberta_like", "llama_like", "slow", "minilm", "smollm"]


def cut_into(sentence: Sentence, spans: Spans, kinds: list[str] | None = None) -> Tokens:
    """Tokens that stand where a test says."""
    count = len(spans)
    surfaces = tuple(sentence.text[start:end] for start, end in spans)
    labels = tuple(TokenLabel(surface) for surface in surfaces)
    words = tuple(range(count))
    return Tokens(
        sentence,
        words,
        surfaces,
        surfaces,
        labels,
        tuple(kinds or [""] * count),
        words,
        spans=tuple(spans),
    )


def units(sentence: Sentence, tokenizer: Tokenizer, limit: int | None = None) -> list[str]:
    """The pieces of each unit, and behind them the places of its words."""
    tokens = tokenize(sentence, tokenizer, limit)
    words = word_tokens(tokens)
    return [
        " ".join([tokens.pieces[place] for place in group])
        + f" {[word for word, of in enumerate(words.of_word) if of == unit]}"
        for unit, group in enumerate(words.tokens)
    ]


def test_wordpiece_splits_words(minilm: Tokenizer) -> None:
    sentence = in_words("It's unbelievably naïve.", "It", "'s", "unbelievably", "naïve", ".")
    words = word_tokens(tokenize(sentence, minilm, None))
    # [CLS] it ' s un ##bel ##ie ##va ##bly naive . [SEP]
    assert words.tokens == ((1,), (2, 3), (4, 5, 6, 7, 8), (9,), (10,))
    assert words.of_word == (0, 1, 2, 3, 4)


def test_byte_level_tokens_start_with_the_space_before_a_word(smollm: Tokenizer) -> None:
    sentence = in_words("I don't see  🦀.", "I", "do", "n't", "see", "🦀", ".")
    # " don" holds the first word, and the first letter of the second.
    assert units(sentence, smollm) == [
        "I [0]",
        "Ġdon 't [1, 2]",
        "Ġsee [3]",
        "ĠðŁ ¦ Ģ [4]",
        ". [5]",
    ]


def test_sentencepiece(t5_like: Tokenizer) -> None:
    sentence = in_words("hello world.", "hello", "world", ".")
    assert units(sentence, t5_like) == ["▁hello [0]", "▁world [1]", ". [2]"]


def test_a_space_of_its_own_goes_with_the_word_after_it(t5_like: Tokenizer) -> None:
    sentence = in_words("hello 🦀s", "hello", "🦀s")
    assert units(sentence, t5_like) == ["▁hello [0]", "▁ <unk> s [1]"]
    assert units(in_words("hello s", "hello"), t5_like) == ["▁hello [0]"]


def test_no_pre_tokenizer(llama_like: Tokenizer) -> None:
    sentence = in_words("wo hello", "wo", "hello")
    assert units(sentence, llama_like) == ["▁w o [0]", "▁hello [1]"]


def test_a_tokenizer_that_tells_no_offsets(slow: Tokenizer) -> None:
    assert units(in_words("LAGG M", "LAGG", "M"), slow) == ["L A GG [0]", "M [1]"]


def test_words_that_share_a_place_are_one_unit(minilm: Tokenizer) -> None:
    (sentence,) = parsed("1-2 Du", "1 De 3 case", "2 le 3 det", "3 pain 0 root")
    assert units(sentence, minilm) == ["du [0, 1]", "pain [2]"]


def test_a_word_that_was_cut_off_has_no_token(minilm: Tokenizer) -> None:
    sentence = in_words("one two three", "one", "two", "three")
    words = word_tokens(tokenize(sentence, minilm, 4))
    assert words == Words(tokens=((1,), (2,)), of_word=(0, 1, -1))


def test_without_annotation_the_words_are_the_tokenizers(minilm: Tokenizer) -> None:
    words = word_tokens(tokenize(Sentence(1, "An unbelievably big"), minilm, None))
    assert words == Words(tokens=((1,), (2, 3, 4, 5, 6), (7,)), of_word=(0, 1, 2))


def test_tokens_that_overlap_tie_all_their_words() -> None:
    sentence = annotated("abcdef gh", [(0, 2), (2, 4), (4, 6), (7, 9)])
    tokens = cut_into(sentence, [(0, 3), (3, 5), (5, 6), (6, 9)])
    assert word_tokens(tokens) == Words(((0, 1, 2), (3,)), (0, 0, 0, 1))


def test_special_and_empty_tokens_and_words_belong_nowhere() -> None:
    sentence = annotated("ab cd", [(0, 2), (2, 2), (3, 5)])
    tokens = cut_into(sentence, [(0, 2), (0, 2), (2, 2), (2, 3), (3, 5)], ["cls", "", "", "", ""])
    assert word_tokens(tokens) == Words(((1,), (4,)), (0, -1, 1))


def test_a_token_outside_all_words_belongs_nowhere() -> None:
    tokens = cut_into(annotated("ab cd", [(3, 5)]), [(0, 2), (2, 5)])
    assert word_tokens(tokens) == Words(((1,),), (0,))


def test_words_in_any_order_are_aligned_in_the_order_of_the_text() -> None:
    tokens = cut_into(annotated("ab cd", [(3, 5), (0, 2)]), [(0, 2), (2, 5)])
    assert word_tokens(tokens) == Words(((0,), (1,)), (1, 0))


def test_no_words_are_no_units(minilm: Tokenizer) -> None:
    assert word_tokens(tokenize(annotated("a b", []), minilm, None)) == Words((), ())


@st.composite
def sentences(draw: st.DrawFn) -> Sentence:
    text = draw(
        st.text(
            st.one_of(st.sampled_from("hello world's LAGGM. 🦀日é\u0301"), st.characters()),
            max_size=30,
        )
    )
    places = st.integers(0, len(text))
    spans = draw(st.lists(st.tuples(places, places).map(lambda two: (min(two), max(two)))))
    return annotated(text, sorted(spans))


def overlap(tokens: Tokens, place: int, word: tuple[int, int]) -> bool:
    start, end = tokens.spans[place]
    while start < end and tokens.sentence.text[start].isspace():
        start += 1
    return not tokens.kinds[place] and max(start, word[0]) < min(end, word[1])


@pytest.mark.parametrize("name", ALL)
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sentence=sentences(), limit=st.one_of(st.none(), st.integers(1, 12)))
def test_units_of_any_words_are_disjoint_ordered_and_whole(
    tokenizer: Tokenizer, sentence: Sentence, limit: int | None
) -> None:
    tokens = tokenize(sentence, tokenizer, limit)
    words = word_tokens(tokens)
    assert sentence.annotation is not None
    spans = sentence.annotation.spans
    placed = [place for group in words.tokens for place in group]
    assert len(set(placed)) == len(placed)
    assert all(group and list(group) == sorted(group) for group in words.tokens)
    assert all(before[0] < after[0] for before, after in pairwise(words.tokens))
    unit_of = {place: unit for unit, group in enumerate(words.tokens) for place in group}
    for place in range(len(tokens)):
        met = {words.of_word[k] for k, span in enumerate(spans) if overlap(tokens, place, span)}
        assert len(met) <= 1
        assert met <= {unit_of.get(place)}
        assert met or place not in unit_of or not tokens.surfaces[place].strip()
    assert set(words.of_word) - {-1} == set(range(len(words.tokens)))


@pytest.mark.parametrize("name", ALL)
def test_units_of_the_tokenizers_own_words_are_those_words(tokenizer: Tokenizer, name: str) -> None:
    text = "LAGG M hello L" if name != "slow" else "LAGG M L"
    plain = tokenize(Sentence(1, text), tokenizer, None)
    same = replace(plain, sentence=in_words(text, *text.split()))
    assert word_tokens(same) == word_tokens(plain)
