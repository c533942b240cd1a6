from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attnviz.text.aligned import word_tokens
from attnviz.text.merge import last_looks, merged
from attnviz.text.tokenize import Tokenizer, tokenize
from attnviz.text.types import Annotation, Sentence, TokenLabel
from tests.helpers.texts import in_words


def test_a_word_is_its_tokens_in_one(minilm: Tokenizer) -> None:
    # [CLS] the aa ##rd ##var ##ks ate . [SEP]
    tokens = tokenize(Sentence(1, "The aardvarks ate."), minilm, None)
    [result] = merged([tokens])
    words = result.tokens
    assert result.groups == ((0,), (1,), (2, 3, 4, 5), (6,), (7,), (8,))
    assert [str(label) for label in words.labels] == [
        "[CLS]",
        "The",
        "aardvarks",
        "ate",
        ".",
        "[SEP]",
    ]
    assert words.labels[2] == TokenLabel("aardvarks")
    assert words.surfaces == ("", "The", "aardvarks", "ate", ".", "")
    assert words.spans == ((0, 0), (0, 3), (4, 13), (14, 17), (17, 18), (0, 0))
    assert words.kinds == ("cls", "", "", "", "", "sep")
    assert words.words == (None, 1, 2, 3, 4, None)
    assert words.sentence is tokens.sentence


def test_the_same_word_has_one_id_in_all_texts_and_rarer_ones_higher_ids(
    minilm: Tokenizer,
) -> None:
    texts = [Sentence(1, "the cat saw the aardvarks"), Sentence(2, "aardvarks saw him")]
    first, second = merged([tokenize(text, minilm, None) for text in texts])
    cls, the, cat, saw, again, rare, sep = first.tokens.ids
    assert the == again
    assert second.tokens.ids[1:3] == (rare, saw)
    assert {second.tokens.ids[0], second.tokens.ids[-1]} == {cls, sep}
    # In more tokens than any other word, so the highest; "the" is among the first of the pieces.
    assert rare == max(*first.tokens.ids, *second.tokens.ids)
    assert the < cat


def test_annotated_words_are_those_of_the_annotation(minilm: Tokenizer) -> None:
    sentence = in_words("It didn't rain", "It", "did", "n't", "rain")
    tokens = tokenize(sentence, minilm, None)
    [result] = merged([tokens])
    # [CLS] it didn ' t rain [SEP]: one token holds parts of "did" and "n't", so they are one.
    assert [str(label) for label in result.tokens.labels] == [
        "[CLS]",
        "It",
        "didn't",
        "rain",
        "[SEP]",
    ]
    words = word_tokens(result.tokens)
    assert words.tokens == ((1,), (2,), (3,))
    assert words.of_word == word_tokens(tokens).of_word == (0, 1, 1, 2)


def test_tokens_between_words_stay_as_they_are(minilm: Tokenizer) -> None:
    annotation = Annotation(("go",), ((0, 2),), ("",), (-1,), ("",))
    tokens = tokenize(Sentence(1, "go - on", annotation=annotation), minilm, None)
    [result] = merged([tokens])
    assert [str(label) for label in result.tokens.labels] == ["[CLS]", "go", "-", "on", "[SEP]"]
    assert result.tokens.words == (None, 1, 2, 3, None)


def test_pairs_of_tokens_become_pairs_of_words(minilm: Tokenizer) -> None:
    tokens = tokenize(Sentence(1, "aardvarks ate"), minilm, None)  # [CLS] aa ##rd ##var ##ks ate
    pairs = ((1, 5), (2, 5), (5, 3), (1, 2))
    [result] = merged([replace(tokens, related=pairs, generated=4)])
    assert result.tokens.related == ((1, 2), (2, 1))
    assert result.tokens.generated == 1


def test_the_last_token_looks_in_causal_models_unless_told_otherwise() -> None:
    assert [last_looks("auto", causal=causal) for causal in (False, True)] == [False, True]
    assert [last_looks("mean", causal=causal) for causal in (False, True)] == [False, False]
    assert [last_looks("last", causal=causal) for causal in (False, True)] == [True, True]


@pytest.mark.parametrize("name", ["t5_like", "roberta_like", "llama_like", "minilm", "smollm"])
@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.text(alphabet="héllo wrd.'-🦀語\u0301\n", min_size=1, max_size=20))
def test_every_token_is_in_one_word_and_no_text_is_lost(tokenizer: Tokenizer, text: str) -> None:
    tokens = tokenize(Sentence(1, text), tokenizer, None)
    [result] = merged([tokens])
    assert sorted(place for group in result.groups for place in group) == list(range(len(tokens)))
    assert list(result.groups) == sorted(result.groups)
    lengths = {len(entry) for entry in (result.groups, result.tokens.labels, result.tokens.kinds)}
    assert lengths == {len(result.tokens)}
    assert all(not label.piece for label in result.tokens.labels)
    # Tokens may share a character, but hardly go back.
    spans = [
        span
        for span, kind in zip(result.tokens.spans, result.tokens.kinds, strict=True)
        if not kind
    ]
    assert [text[start:end] for start, end in spans] == [
        surface
        for surface, kind in zip(result.tokens.surfaces, result.tokens.kinds, strict=True)
        if not kind
    ]
