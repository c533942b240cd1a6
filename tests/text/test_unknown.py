"""Tokens that the vocabulary has no entry for are marked, counted, and warned of."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from attnviz.text.merge import merged
from attnviz.text.tokenize import Tokenizer, continued, tokenize
from attnviz.text.types import Tokens
from attnviz.text.unknown import Unknown, marked, unknown_id
from tests.helpers.texts import sentence


def unknown_warning(texts: Sequence[Tokens]) -> list[str]:
    unknown = Unknown()
    unknown.add(texts)
    return unknown.warning()


def test_an_unknown_token_is_named_before_what_it_stands_for(minilm: Tokenizer) -> None:
    tokens = tokenize(sentence("I like 🦀 and\u20f0\x1b 🍋 ."), minilm, None)
    names = [str(label) for label in tokens.labels]
    assert names[3] == "[UNK]:🦀"
    assert tokens.pieces[3] == "[UNK]"
    assert tokens.surfaces[3] == "🦀"
    assert tokens.unknown.tolist() == [label.unknown for label in tokens.labels]
    assert [names[at] for at in tokens.unknown.nonzero()[0]] == ["[UNK]:🦀", "[UNK]:🍋"]
    assert tokens.content[3]


def test_a_long_unknown_word_keeps_its_mark_in_front(minilm: Tokenizer) -> None:
    # WordPiece gives up on words of more than 100 letters.
    [label] = tokenize(sentence("x" * 120), minilm, None).labels[1:-1]
    assert str(label) == f"[UNK]:{'x' * 120}"


def test_a_word_with_an_unknown_token_is_unknown(t5_like: Tokenizer) -> None:
    tokens = tokenize(sentence("helloж world"), t5_like, None)
    assert [str(word) for word in tokens.labels if word.unknown] == ["<unk>:ж"]
    [words] = merged([tokens])
    assert [str(word) for word in words.tokens.labels] == ["<unk>:helloж", "world", "</s>"]
    assert words.tokens.unknown.tolist() == [True, False, False]


def test_what_a_model_writes_is_marked_too(minilm: Tokenizer) -> None:
    tokens = continued(tokenize(sentence("so"), minilm, None), minilm, [100, 2061], " ? so", [2, 5])
    assert [str(label) for label in tokens.labels][-2:] == ["[UNK]:?", "so"]


@pytest.mark.parametrize("other", ["cls", "sep", "bos", "eos"])
def test_bytes_leave_nothing_unknown(other: str) -> None:
    # GPT-2 says that <|endoftext|> is its unknown token, and never uses it as such.
    shared = SimpleNamespace(unk_token_id=7, **{f"{other}_token_id": 7})
    assert unknown_id(shared) is None
    assert unknown_id(SimpleNamespace(unk_token_id=7, pad_token_id=7)) == 7
    assert unknown_id(SimpleNamespace(unk_token_id=None)) is None
    assert unknown_id(SimpleNamespace()) is None


def test_smollm_has_no_unknown_token(smollm: Tokenizer) -> None:
    tokens = tokenize(sentence("I like 🦀 and \u20f0."), smollm, None)
    assert not tokens.unknown.any()


def test_the_stand_in_written_out_is_what_was_written(minilm: Tokenizer) -> None:
    tokens = tokenize(sentence("cat"), minilm, None)
    assert marked(tokens, tokens.ids[1]) == tokens


def test_the_share_of_unknown_tokens_is_warned_of(minilm: Tokenizer) -> None:
    texts = ["I like 🦀 .", "The 🦀 and 🍋 \x1b", "A cat ."]
    tokens = [tokenize(sentence(text), minilm, None) for text in texts]
    [warning] = unknown_warning(tokens)
    assert "3 of 11 content tokens are unknown to the model's vocabulary (27.3%)" in warning
    assert "[UNK]:🦀, [UNK]:🍋" in warning
    assert unknown_warning(tokens[2:]) == []
    many = tokenize(sentence(" ".join("🦀🍋🍕🍔🌮🍣🍩🚀🎈")), minilm, None)
    assert "🚀 and others), and" in unknown_warning([many])[0]
    assert "🚀), and" in unknown_warning([tokenize(sentence("🦀 🚀"), minilm, None)])[0]
    [single] = unknown_warning([tokens[0], tokens[2]])
    assert single.startswith("1 of 7 content tokens is unknown")
