"""Special tokens that a text holds: read as text, or as such."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest

from attnviz.text.special import Reading, SpecialTokens, unread, written_in
from attnviz.text.split import sentences
from attnviz.text.tokenize import Tokenizer, tokenize_all, tokenize_targets
from attnviz.text.types import Sentence, Tokens
from attnviz.text.word_numbers import word_spans
from tests.helpers.texts import text_file


def read(text: str, tokenizer: Tokenizer, reading: Reading = "parse") -> Tokens:
    return tokenize_all([Sentence(1, text)], tokenizer, None, reading=reading)[0]


def special(tokens: Tokens) -> list[tuple[str, str, tuple[int, int]]]:
    return [
        (tokens.kinds[at], tokens.surfaces[at], tokens.spans[at])
        for at, kind in enumerate(tokens.kinds)
        if kind
    ]


def test_a_mask_is_a_mask(minilm: Tokenizer) -> None:
    tokens = read("Paris is [MASK].", minilm)
    assert tokens.pieces == ("[CLS]", "paris", "is", "[MASK]", ".", "[SEP]")
    assert special(tokens) == [
        ("cls", "", (0, 0)),
        ("special", "[MASK]", (9, 15)),
        ("sep", "", (0, 0)),
    ]
    assert [str(label) for label in tokens.labels] == [
        "[CLS]",
        "Paris",
        "is",
        "[MASK]",
        ".",
        "[SEP]",
    ]
    assert tokens.words == (None, 0, 1, None, 2, None)
    assert [word.text for word in word_spans(tokens)] == ["Paris", "is", "."]
    assert tokens.content.tolist() == [False, True, True, False, True, False]
    assert list(tokens.ids) == minilm(["Paris is [MASK]."])["input_ids"][0]


def test_kinds_are_those_of_the_tokens(minilm: Tokenizer, smollm: Tokenizer) -> None:
    tokens = read("a [SEP] b [UNK] 🦀", minilm)
    # The crab is unknown, which is content; the token that is written out is special.
    assert tokens.kinds == ("cls", "", "sep", "", "special", "", "sep")
    tokens = read("<|im_start|>user\nHi<repo_name><|endoftext|>", smollm)
    assert [kind for kind, *_ in special(tokens)] == ["bos", "special", "special"]
    assert "".join(tokens.surfaces) == tokens.sentence.text


@pytest.mark.parametrize(("unknown", "kinds"), [("<unk>", ["", ""]), ("</s>", ["", "eos"])])
def test_an_unknown_token_with_another_use_is_no_content(unknown: str, kinds: list[str]) -> None:
    """GPT-2 names one token for all uses, and a text that a model wrote ends with it."""
    tokenizer = SimpleNamespace(
        unk_token_id={"<unk>": 3, "</s>": 2}[unknown], eos_token_id=2, all_special_ids=[2, 3]
    )
    declared = SpecialTokens(tokenizer)
    assert declared.kinds([7, tokenizer.unk_token_id], [0, 0]) == kinds


def test_white_space_that_a_special_token_takes(roberta_like: Tokenizer) -> None:
    tokens = read("hello </s> hello", roberta_like)
    assert tokens.kinds[2:4] in (("", "sep"), ("sep", ""))
    assert [surface for kind, surface, _ in special(tokens) if surface] == ["</s>"]


def test_a_special_token_parts_words_and_pairs(minilm: Tokenizer) -> None:
    assert [w.text for w in word_spans(read("un[MASK]ing", minilm))] == ["un", "ing"]
    (pair,) = sentences([text_file("a [MASK]\t[MASK] b")], "pair")
    (tokens,) = tokenize_all([pair], minilm, None, reading="parse")
    assert tokens.segments == (None, 0, None, None, None, 1, None)
    assert [surface for _, surface, _ in special(tokens)] == ["", "[MASK]", "", "[MASK]", ""]
    for (start, end), surface in zip(tokens.spans, tokens.surfaces, strict=True):
        assert pair.text[start:end] == surface


def test_a_decoder_reads_them_too(minilm: Tokenizer) -> None:
    (tokens,) = tokenize_targets([Sentence(1, "a [MASK]")], minilm, None, 101, reading="parse")
    assert tokens.kinds == ("bos", "cls", "", "special")


def test_as_text_they_are_split_and_counted(minilm: Tokenizer) -> None:
    texts = ["A [MASK] and a [MASK].", "[SEP]", "nothing [mask]"]
    names = SpecialTokens(minilm)
    many = [Sentence(number, text) for number, text in enumerate(texts, 1)]
    texts_read = tokenize_all(many, minilm, None)
    assert unread(texts_read, names) == (2, Counter({"[MASK]": 2, "[SEP]": 1}))
    parsed = tokenize_all(many, minilm, None, reading="parse")
    assert unread(parsed, names) == (0, Counter())
    assert written_in(texts, names) == 2


def test_what_the_vocabulary_reads_anyway_is_not_unread(t5_like: Tokenizer) -> None:
    names = SpecialTokens(t5_like)
    assert "</s>" in names.written
    texts_read = tokenize_all([Sentence(1, "hello </s>")], t5_like, None)
    assert unread(texts_read, names)[0] == 0


@pytest.mark.parametrize("name", ["minilm", "smollm", "roberta_like", "llama_like", "t5_like"])
def test_every_kind_of_tokenizer(tokenizer: Tokenizer) -> None:
    for written in SpecialTokens(tokenizer).written:
        tokens = read(f"hello {written} hello", tokenizer)
        inside = [surface for _, surface, _ in special(tokens) if surface]
        assert [surface.strip() for surface in inside] == [written]
        assert unread([tokens], SpecialTokens(tokenizer))[0] == 0
