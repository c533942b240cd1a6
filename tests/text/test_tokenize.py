from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attnviz.text.showable import showable
from attnviz.text.tokenize import Tokenizer, tokenize, tokenize_all
from attnviz.text.types import Sentence, Tokens
from attnviz.text.word_numbers import word_spans
from tests.helpers.texts import sentence

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = pytest.mark.slow

TINY = ["t5_like", "roberta_like", "llama_like", "slow"]
ALL = [*TINY, "minilm", "smollm"]


def drawn(tokens: Tokens) -> str:
    """Each label with its flags: `_` a space before, `+` a word continued, `!` special."""
    return " ".join(
        "!" * label.special + "_" * label.space + "+" * label.piece + label.text
        for label in tokens.labels
    )


def words(tokens: Tokens) -> str:
    return " ".join(word.text for word in word_spans(tokens))


def test_wordpiece(minilm: Tokenizer) -> None:
    tokens = tokenize(sentence("The crab isn't unbelievably naïve 🦀."), minilm, None)
    assert drawn(tokens) == (
        "![CLS] The crab isn +' +t un +##bel +##ie +##va +##bly naïve [UNK]:🦀 . ![SEP]"
    )
    assert tokens.kinds == ("cls", *[""] * 13, "sep")
    assert tokens.pieces[12] == "[UNK]"
    assert tokens.surfaces[12] == "🦀"
    assert tokens.surfaces[0] == ""
    assert tokens.spans[1] == (0, 3)
    assert words(tokens) == "The crab isn't unbelievably naïve 🦀 ."
    assert word_spans(tokens)[3] == ("unbelievably", 6, 11)


def test_byte_level(smollm: Tokenizer) -> None:
    tokens = tokenize(sentence("I don't see  a 🦀 unbelievably."), smollm, None)
    assert drawn(tokens) == "I _don +'t _see _␣ _a _🦀·1 +🦀·2 +🦀·3 _unbelie +v +ably ."
    assert tokens.surfaces[:4] == ("I", " don", "'t", " see")
    assert set(tokens.kinds) == {""}


def test_byte_level_with_trimmed_offsets(roberta_like: Tokenizer) -> None:
    tokens = tokenize(sentence("hello wé\n  hello"), roberta_like, None)
    assert drawn(tokens) == "!<s> hello _w +é·1 +é·2 _⏎ _␣ _␣ +hello !</s>"
    assert tokens.surfaces == ("", "hello", " w", "é", "é", "\n", " ", " ", "hello", "")
    assert tokens.kinds[0] == "cls"
    assert tokens.kinds[-1] == "sep"
    assert words(tokens) == "hello wé ⏎ ␣ hello"


def test_unigram(t5_like: Tokenizer) -> None:
    tokens = tokenize(sentence("hello the world. 🦀x"), t5_like, None)
    assert drawn(tokens) == "_hello _the _world . _␣ +<unk>:🦀x !</s>"
    assert tokens.words == (0, 1, 2, 3, 4, 4, None)
    assert tokens.kinds[-1] == "eos"


def test_no_pre_tokenizer(llama_like: Tokenizer) -> None:
    tokens = tokenize(sentence("hello wé. hello"), llama_like, None)
    assert drawn(tokens) == "!<s> _hello _w +é·1 +é·2 . _hello"
    assert words(tokens) == "hello wé . hello"
    assert tokens.kinds[0] == "bos"


def test_the_space_put_before_the_text_stands_for_nothing(llama_like: Tokenizer) -> None:
    tokens = tokenize(sentence("d hello"), llama_like, None)
    assert drawn(tokens) == "!<s> _␣ +d _hello"
    assert tokens.surfaces == ("", "", "d", " hello")


def test_no_offsets(slow: Tokenizer) -> None:
    tokens = tokenize(sentence("LAGG M"), slow, None)
    assert drawn(tokens) == "!<cls> L +A +GG M !<eos>"
    assert tokens.kinds == ("cls", "", "", "", "", "eos")
    assert words(tokens) == "LAGG M"


def test_no_offsets_and_an_unknown_word(slow: Tokenizer) -> None:
    tokens = tokenize(sentence("Ü LA"), slow, None)
    assert drawn(tokens) == "!<cls> <unk>:Ü L +A !<eos>"


@pytest.mark.parametrize(
    ("name", "forged", "kinds"),
    [
        ("minilm", "a [SEP] b [PAD] [CLS]", {"cls": 1, "sep": 1}),
        ("smollm", "a <|endoftext|> b<|im_end|>", {}),
        ("roberta_like", "a </s> b <s>", {"cls": 1, "sep": 1}),
        ("llama_like", "a </s> b <s>", {"bos": 1}),
    ],
)
def test_text_does_not_forge_special_tokens(
    tokenizer: Tokenizer, forged: str, kinds: dict[str, int]
) -> None:
    tokens = tokenize(sentence(forged), tokenizer, None)
    assert {kind: tokens.kinds.count(kind) for kind in set(tokens.kinds) - {""}} == kinds


def test_a_special_token_the_vocabulary_forces_on_us_is_special(t5_like: Tokenizer) -> None:
    tokens = tokenize(sentence("hello </s>"), t5_like, None)
    assert tokens.kinds == ("", "", "eos", "eos")
    assert drawn(tokens) == "_hello _␣ !</s> !</s>"


def test_a_special_token_that_python_finds_is_special(slow: Tokenizer) -> None:
    tokens = tokenize(sentence("L<eos>L"), slow, None)
    assert drawn(tokens) == "!<cls> L !<eos> L !<eos>"


def test_what_is_beyond_the_limit_is_cut_but_no_special_token(minilm: Tokenizer) -> None:
    tokens = tokenize(sentence("one two three four"), minilm, 4)
    assert drawn(tokens) == "![CLS] one two ![SEP]"
    assert tokens.cut == 2
    assert tokenize(sentence("one two three four"), minilm, 6).cut == 0
    assert drawn(tokenize(sentence("one two"), minilm, 1)) == "![CLS] ![SEP]"


def test_a_sentence_may_have_no_content(minilm: Tokenizer) -> None:
    tokens = tokenize(sentence("\x07"), minilm, None)
    assert tokens.kinds == ("cls", "sep")
    assert word_spans(tokens) == ()


def test_words_need_no_places(minilm: Tokenizer) -> None:
    tokens = tokenize(sentence("An unbelievably"), minilm, None)
    assert words(replace(tokens, spans=())) == words(tokens) == "An unbelievably"


@pytest.mark.parametrize("name", ALL)
def test_many_sentences_are_tokenized_like_each(tokenizer: Tokenizer) -> None:
    texts = ["hello world.", "", "L", "  two \ud800 lines\n", "hello"] * 120
    many = [Sentence(number, text) for number, text in enumerate(texts, 1)]
    together = tokenize_all(many, tokenizer, 8)
    assert together[:5] == tuple(tokenize(each, tokenizer, 8) for each in many[:5])
    assert [tokens.sentence for tokens in together] == many


def test_no_sentences_are_no_tokens(t5_like: Tokenizer) -> None:
    assert tokenize_all([], t5_like, None) == ()


texts = st.text(
    st.one_of(
        st.sampled_from(
            "hello world LAGGM.ĠÄ▁#é🦀日िี้ \t\n\x1b\x00\u200b\u200d\u202e\ud800</s>[SEP]"
        ),
        st.characters(codec=None, exclude_categories=()),
    ),
    max_size=40,
)
quickly = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("name", ALL)
@quickly
@given(text=texts, limit=st.one_of(st.none(), st.integers(1, 20)))
def test_tokens_of_any_text_are_whole_and_harmless(
    tokenizer: Tokenizer, text: str, limit: int | None
) -> None:
    tokens = tokenize(sentence(text), tokenizer, limit)
    columns: Iterable[tuple[object, ...]] = (
        tokens.pieces,
        tokens.surfaces,
        tokens.labels,
        tokens.kinds,
        tokens.words,
        tokens.spans,
    )
    assert {len(column) for column in columns} == {len(tokens)}
    for label, kind, word in zip(tokens.labels, tokens.kinds, tokens.words, strict=True):
        assert label.text.strip()
        assert not any(unicodedata.category(each) in {"Cc", "Cs", "Zl"} for each in label.text)
        assert showable(label.text) == label.text
        assert label.special == bool(kind) == (word is None)
    for (start, end), surface in zip(tokens.spans, tokens.surfaces, strict=True):
        assert text[start:end] == surface
    numbers = [word for word in tokens.words if word is not None]
    assert sorted(set(numbers)) == list(range(len(set(numbers))))
    assert numbers == sorted(numbers)
    assert len(word_spans(tokens)) == len(set(numbers))


@pytest.mark.parametrize("name", ["roberta_like", "smollm"])
@quickly
@given(
    text=st.text(
        st.one_of(
            st.sampled_from("hello 🦀日é\t\n\x1b"),
            st.characters(exclude_categories=["Cc"], max_codepoint=0x7FF),
        )
    )
)
def test_byte_level_surfaces_join_to_the_text(tokenizer: Tokenizer, text: str) -> None:
    # Without the few control characters whose bytes the vocabulary of SmolLM2 doesn't have.
    tokens = tokenize(sentence(text), tokenizer, None)
    joined = ""
    for (start, end), surface in zip(tokens.spans, tokens.surfaces, strict=True):
        joined += surface[max(len(joined) - start, 0) :]  # bytes of one character share it
        assert end <= len(joined)
    assert joined == text
