from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attnviz.text.aligned import word_tokens
from attnviz.text.merge import last_looks, merged
from attnviz.text.tokenize import Tokenizer, tokenize
from attnviz.text.types import Annotation, Sentence, TokenLabel
from tests.text.test_aligned import in_words, named


def test_a_word_is_its_tokens_in_one(minilm: Tokenizer) -> None:
    # [CLS] the aa ##rd ##var ##ks ate . [SEP]
    tokens = tokenize(Sentence(1, "The aardvarks ate."), minilm, None)
    [found] = merged([tokens])
    words = found.tokens
    assert found.groups == ((0,), (1,), (2, 3, 4, 5), (6,), (7,), (8,))
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
    one, two = merged([tokenize(text, minilm, None) for text in texts])
    cls, the, cat, saw, again, rare, sep = one.tokens.ids
    assert the == again
    assert two.tokens.ids[1:3] == (rare, saw)
    assert {two.tokens.ids[0], two.tokens.ids[-1]} == {cls, sep}
    # In more tokens than any other word, so the highest; "the" is among the first of the pieces.
    assert rare == max(*one.tokens.ids, *two.tokens.ids)
    assert the < cat


def test_annotated_words_are_those_of_the_annotation(minilm: Tokenizer) -> None:
    sentence = in_words("It didn't rain", "It", "did", "n't", "rain")
    tokens = tokenize(sentence, minilm, None)
    [found] = merged([tokens])
    # [CLS] it didn ' t rain [SEP]: one token holds parts of "did" and "n't", so they are one.
    assert [str(label) for label in found.tokens.labels] == [
        "[CLS]",
        "It",
        "didn't",
        "rain",
        "[SEP]",
    ]
    words = word_tokens(found.tokens)
    assert words.tokens == ((1,), (2,), (3,))
    assert words.of_word == word_tokens(tokens).of_word == (0, 1, 1, 2)


def test_tokens_between_words_stay_as_they_are(minilm: Tokenizer) -> None:
    annotation = Annotation(("go",), ((0, 2),), ("",), (-1,), ("",))
    tokens = tokenize(Sentence(1, "go - on", annotation=annotation), minilm, None)
    [found] = merged([tokens])
    assert [str(label) for label in found.tokens.labels] == ["[CLS]", "go", "-", "on", "[SEP]"]
    assert found.tokens.words == (None, 1, 2, 3, None)


def test_pairs_of_tokens_become_pairs_of_words(minilm: Tokenizer) -> None:
    tokens = tokenize(Sentence(1, "aardvarks ate"), minilm, None)  # [CLS] aa ##rd ##var ##ks ate
    pairs = ((1, 5), (2, 5), (5, 3), (1, 2))
    [found] = merged([replace(tokens, related=pairs, generated=4)])
    assert found.tokens.related == ((1, 2), (2, 1))
    assert found.tokens.generated == 1


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
def test_every_token_is_in_one_word_and_no_text_is_lost(
    name: str, request: pytest.FixtureRequest, text: str
) -> None:
    tokens = tokenize(Sentence(1, text), named(request, name), None)
    [found] = merged([tokens])
    assert sorted(place for group in found.groups for place in group) == list(range(len(tokens)))
    assert list(found.groups) == sorted(found.groups)
    lengths = {len(entry) for entry in (found.groups, found.tokens.labels, found.tokens.kinds)}
    assert lengths == {len(found.tokens)}
    assert all(not label.piece for label in found.tokens.labels)
    # Tokens may share a character, but hardly go back.
    kept = [
        span for span, kind in zip(found.tokens.spans, found.tokens.kinds, strict=True) if not kind
    ]
    assert [text[start:end] for start, end in kept] == [
        surface
        for surface, kind in zip(found.tokens.surfaces, found.tokens.kinds, strict=True)
        if not kind
    ]
