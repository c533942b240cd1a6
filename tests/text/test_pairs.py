"""Pairs of texts: a line of two, tokenized together by the tokenizer's own template."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnviz.errors import InputError, NothingToAnalyseError
from attnviz.text.files import read
from attnviz.text.pairs import fitting
from attnviz.text.split import sentences
from attnviz.text.tokenize import Tokenizer, continued, tokenize, tokenize_all
from attnviz.text.types import Sentence
from attnviz.text.word_numbers import word_spans
from tests.helpers.texts import text_file


def pair(first: str, second: str) -> Sentence:
    return sentences([text_file(f"{first}\t{second}", "pairs.tsv")], "pair")[0]


def test_a_line_is_two_texts() -> None:
    file = text_file("One. \t Two?\n\n \t\nThree\tfour five\n", "pairs.tsv")
    split = sentences([file], "pair")
    assert [(sentence.id, sentence.line, sentence.text, sentence.pair) for sentence in split] == [
        (1, 1, "One. ‖ Two?", ("One.", "Two?")),
        (2, 4, "Three ‖ four five", ("Three", "four five")),
    ]


def test_windows_line_ends_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_bytes("\ufeffOne\tTwo\r\n\r\nThree\tFour\r\n".encode())
    split = sentences(read([path], None), "pair")
    assert [(sentence.line, sentence.pair) for sentence in split] == [
        (1, ("One", "Two")),
        (3, ("Three", "Four")),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("one text", "no tab"),
        ("a\tb\tc", "2 tabs"),
    ],
)
def test_a_line_that_is_no_pair(line: str, reason: str) -> None:
    file = text_file(f"a\tb\n\n{line}\n", "pairs.tsv")
    with pytest.raises(InputError, match=f"pairs.tsv, line 3: no pair: .*{reason}") as raised:
        sentences([file], "pair")
    assert "one tab between them" in raised.value.hint


def test_a_pair_may_lack_a_text() -> None:
    file = text_file("\tb\n\na\t \n \t \n", "pairs.tsv")
    assert [(sentence.line, sentence.pair) for sentence in sentences([file], "pair")] == [
        (1, ("", "b")),
        (3, ("a", "")),
    ]


def test_annotated_files_hold_no_pairs() -> None:
    with pytest.raises(InputError, match="no pairs of texts") as raised:
        sentences([text_file("1\ta\n", "trees.CoNLLU")], "pair")
    assert "--split pair" in raised.value.hint


def test_nothing_but_blank_lines() -> None:
    with pytest.raises(NothingToAnalyseError):
        sentences([text_file("\n \n", "pairs.tsv")], "pair")


def test_bert(minilm: Tokenizer) -> None:
    tokens = tokenize(pair("A man sleeps.", "Nobody is unbelievably awake"), minilm, None)
    assert tokens.pieces == (
        "[CLS]", "a", "man", "sleeps", ".", "[SEP]",
        "nobody", "is", "un", "##bel", "##ie", "##va", "##bly", "awake", "[SEP]",
    )  # fmt: skip
    assert tokens.segments == (None, 0, 0, 0, 0, None, 1, 1, 1, 1, 1, 1, 1, 1, None)
    assert tokens.types == (0,) * 6 + (1,) * 9
    assert tokens.surfaces[1:5] == ("A", "man", "sleeps", ".")
    assert "".join(tokens.surfaces[8:13]) == "unbelievably"
    assert [word.text for word in word_spans(tokens)][3:6] == [".", "Nobody", "is"]
    for (start, end), surface in zip(tokens.spans, tokens.surfaces, strict=True):
        assert tokens.sentence.text[start:end] == surface


def test_a_pair_is_tokenized_as_the_tokenizer_does(minilm: Tokenizer) -> None:
    plain = minilm(["A man sleeps."], text_pair=["Nobody, really?"])
    tokens = tokenize(pair("A man sleeps.", "Nobody, really?"), minilm, None)
    assert list(tokens.ids) == plain["input_ids"][0]
    assert list(tokens.types) == plain["token_type_ids"][0]


def test_roberta(roberta_like: Tokenizer) -> None:
    tokens = tokenize(pair("hello", "he w"), roberta_like, None)
    assert tokens.pieces == ("<s>", "hello", "</s>", "</s>", "he", "Ġw", "</s>")
    assert tokens.segments == (None, 0, None, None, 1, 1, None)
    assert tokens.surfaces == ("", "hello", "", "", "he", " w", "")
    assert [str(word) for word in tokens.words] == ["None", "0", "None", "None", "1", "2", "None"]


def test_t5(t5_like: Tokenizer) -> None:
    tokens = tokenize(pair("hello world", "the world"), t5_like, None)
    assert tokens.pieces == ("▁hello", "▁world", "</s>", "▁the", "▁world", "</s>")
    assert tokens.segments == (0, 0, None, 1, 1, None)
    assert tokens.surfaces == ("hello", " world", "", " the", " world", "")


def test_texts_with_nothing_between_them(smollm: Tokenizer) -> None:
    tokens = tokenize(pair("One", "two two"), smollm, None)
    assert tokens.kinds == ("",) * len(tokens)
    assert tokens.segments == (0, *(1,) * (len(tokens) - 1))
    assert tokens.surfaces[0] == "One"
    assert [word.text for word in word_spans(tokens)] == ["One", "two", "two"]


def test_a_tokenizer_in_python(slow: Tokenizer) -> None:
    tokens = tokenize(pair("L A GG", "M L"), slow, None)
    assert tokens.pieces == ("<cls>", "L", "A", "GG", "<eos>", "M", "L", "<eos>")
    assert tokens.segments == (None, 0, 0, 0, None, 1, 1, None)
    assert tokens.surfaces == ("", "L", "A", "GG", "", "M", "L", "")
    assert tokens.sentence.text[slice(*tokens.spans[6])] == "L"


def test_a_tokenizer_without_pairs(slow: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ValueError("no template \x1b[31m")

    monkeypatch.setattr(type(slow), "__call__", refuse)
    with pytest.raises(InputError, match="takes no pairs of texts") as raised:
        tokenize(pair("L A", "M"), slow, None)
    assert "--split pair" in raised.value.hint
    assert "\x1b" not in raised.value.message


def test_hostile_pairs(minilm: Tokenizer) -> None:
    tokens = tokenize(pair("[SEP] \ud800 ‖ a", "</script> ‖ [CLS]"), minilm, None)
    assert [kind for kind in tokens.kinds if kind] == ["cls", "sep", "sep"]
    assert {tokens.segments[at] for at, kind in enumerate(tokens.kinds) if kind} == {None}
    assert "".join(tokens.surfaces[-5:-1]) == "[CLS]"


def test_the_longer_text_is_cut_first(minilm: Tokenizer) -> None:
    sentence = pair("one two three four five", "six seven")
    tokens = tokenize(sentence, minilm, 8)
    assert tokens.pieces[1:-1] == ("one", "two", "three", "[SEP]", "six", "seven")
    assert tokens.cut == 2
    assert tokens.types == (0, 0, 0, 0, 0, 1, 1, 1)
    assert tokenize(sentence, minilm, 6).pieces[1:-1] == ("one", "two", "[SEP]", "six")
    assert tokenize(sentence, minilm, 5).segments == (None, 0, None, 1, None)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 70))
def test_what_fits(first: int, second: int, room: int) -> None:
    segments = (None, *[0] * first, None, *[1] * second, None)
    places = fitting(segments, room)
    lengths = [sum(segments[at] == which for at in places) for which in (0, 1)]
    assert sum(lengths) == min(room, first + second)
    # Each text keeps its beginning.
    assert places == {*range(1, 1 + lengths[0]), *range(first + 2, first + 2 + lengths[1])}
    # What is cut is not shorter, but for one token, than what is whole or cut too.
    if lengths[0] < first:
        assert lengths[0] >= lengths[1]
    if lengths[1] < second:
        assert lengths[1] >= lengths[0] - 1
    if room >= 2 and first and second:
        assert min(lengths) >= 1


def test_what_a_model_writes_continues_the_second_text(smollm: Tokenizer) -> None:
    prompt = tokenize(pair("One", "two"), smollm, None)
    ids = smollm([" three"])["input_ids"][0]
    tokens = continued(prompt, smollm, ids, " three", [6])
    assert tokens.segments == (*prompt.segments, 1)
    assert tokens.sentence.pair == ("One", "two three")
    assert tokens.surfaces[-1] == " three"


def test_pairs_and_single_texts_are_apart(minilm: Tokenizer) -> None:
    single = tokenize(Sentence(1, "One two"), minilm, None)
    assert (single.segments, single.types, single.sentence.pair) == ((), (), None)
    with pytest.raises(ValueError, match="together"):
        tokenize_all([Sentence(1, "One two"), pair("a", "b")], minilm, None)
