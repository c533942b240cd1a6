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
from attnviz.text.types import Sentence, SourceFile
from attnviz.text.word_numbers import word_spans


def pair(first: str, second: str) -> Sentence:
    return sentences([SourceFile("pairs.tsv", "", f"{first}\t{second}")], "pair")[0]


def test_a_line_is_two_texts() -> None:
    file = SourceFile("pairs.tsv", "", "One. \t Two?\n\n \t\nThree\tfour five\n")
    found = sentences([file], "pair")
    assert [(one.id, one.line, one.text, one.pair) for one in found] == [
        (1, 1, "One. ‖ Two?", ("One.", "Two?")),
        (2, 4, "Three ‖ four five", ("Three", "four five")),
    ]


def test_windows_line_ends_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_bytes("\ufeffOne\tTwo\r\n\r\nThree\tFour\r\n".encode())
    found = sentences(read([path], None), "pair")
    assert [(one.line, one.pair) for one in found] == [(1, ("One", "Two")), (3, ("Three", "Four"))]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("one text", "no tab"),
        ("a\tb\tc", "2 tabs"),
    ],
)
def test_a_line_that_is_no_pair(line: str, reason: str) -> None:
    file = SourceFile("pairs.tsv", "", f"a\tb\n\n{line}\n")
    with pytest.raises(InputError, match=f"pairs.tsv, line 3: no pair: .*{reason}") as raised:
        sentences([file], "pair")
    assert "one tab between them" in raised.value.hint


def test_a_pair_may_lack_a_text() -> None:
    file = SourceFile("pairs.tsv", "", "\tb\n\na\t \n \t \n")
    assert [(one.line, one.pair) for one in sentences([file], "pair")] == [
        (1, ("", "b")),
        (3, ("a", "")),
    ]


def test_annotated_files_hold_no_pairs() -> None:
    with pytest.raises(InputError, match="no pairs of texts") as raised:
        sentences([SourceFile("trees.CoNLLU", "", "1\ta\n")], "pair")
    assert "--split pair" in raised.value.hint


def test_nothing_but_blank_lines() -> None:
    with pytest.raises(NothingToAnalyseError):
        sentences([SourceFile("pairs.tsv", "", "\n \n")], "pair")


def test_bert(minilm: Tokenizer) -> None:
    found = tokenize(pair("A man sleeps.", "Nobody is unbelievably awake"), minilm, None)
    assert found.pieces == (
        "[CLS]", "a", "man", "sleeps", ".", "[SEP]",
        "nobody", "is", "un", "##bel", "##ie", "##va", "##bly", "awake", "[SEP]",
    )  # fmt: skip
    assert found.segments == (None, 0, 0, 0, 0, None, 1, 1, 1, 1, 1, 1, 1, 1, None)
    assert found.types == (0,) * 6 + (1,) * 9
    assert found.surfaces[1:5] == ("A", "man", "sleeps", ".")
    assert "".join(found.surfaces[8:13]) == "unbelievably"
    assert [word.text for word in word_spans(found)][3:6] == [".", "Nobody", "is"]
    for (start, end), surface in zip(found.spans, found.surfaces, strict=True):
        assert found.sentence.text[start:end] == surface


def test_a_pair_is_tokenized_as_the_tokenizer_does(minilm: Tokenizer) -> None:
    plain = minilm(["A man sleeps."], text_pair=["Nobody, really?"])
    found = tokenize(pair("A man sleeps.", "Nobody, really?"), minilm, None)
    assert list(found.ids) == plain["input_ids"][0]
    assert list(found.types) == plain["token_type_ids"][0]


def test_roberta(roberta_like: Tokenizer) -> None:
    found = tokenize(pair("hello", "he w"), roberta_like, None)
    assert found.pieces == ("<s>", "hello", "</s>", "</s>", "he", "Ġw", "</s>")
    assert found.segments == (None, 0, None, None, 1, 1, None)
    assert found.surfaces == ("", "hello", "", "", "he", " w", "")
    assert [str(word) for word in found.words] == ["None", "0", "None", "None", "1", "2", "None"]


def test_t5(t5_like: Tokenizer) -> None:
    found = tokenize(pair("hello world", "the world"), t5_like, None)
    assert found.pieces == ("▁hello", "▁world", "</s>", "▁the", "▁world", "</s>")
    assert found.segments == (0, 0, None, 1, 1, None)
    assert found.surfaces == ("hello", " world", "", " the", " world", "")


def test_texts_with_nothing_between_them(smollm: Tokenizer) -> None:
    found = tokenize(pair("One", "two two"), smollm, None)
    assert found.kinds == ("",) * len(found)
    assert found.segments == (0, *(1,) * (len(found) - 1))
    assert found.surfaces[0] == "One"
    assert [word.text for word in word_spans(found)] == ["One", "two", "two"]


def test_a_tokenizer_in_python(slow: Tokenizer) -> None:
    found = tokenize(pair("L A GG", "M L"), slow, None)
    assert found.pieces == ("<cls>", "L", "A", "GG", "<eos>", "M", "L", "<eos>")
    assert found.segments == (None, 0, 0, 0, None, 1, 1, None)
    assert found.surfaces == ("", "L", "A", "GG", "", "M", "L", "")
    assert found.sentence.text[slice(*found.spans[6])] == "L"


def test_a_tokenizer_without_pairs(slow: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ValueError("no template \x1b[31m")

    monkeypatch.setattr(type(slow), "__call__", refuse)
    with pytest.raises(InputError, match="takes no pairs of texts") as raised:
        tokenize(pair("L A", "M"), slow, None)
    assert "--split pair" in raised.value.hint
    assert "\x1b" not in raised.value.message


def test_hostile_pairs(minilm: Tokenizer) -> None:
    found = tokenize(pair("[SEP] \ud800 ‖ a", "</script> ‖ [CLS]"), minilm, None)
    assert [kind for kind in found.kinds if kind] == ["cls", "sep", "sep"]
    assert {found.segments[at] for at, kind in enumerate(found.kinds) if kind} == {None}
    assert "".join(found.surfaces[-5:-1]) == "[CLS]"


def test_the_longer_text_is_cut_first(minilm: Tokenizer) -> None:
    given = pair("one two three four five", "six seven")
    found = tokenize(given, minilm, 8)
    assert found.pieces[1:-1] == ("one", "two", "three", "[SEP]", "six", "seven")
    assert found.cut == 2
    assert found.types == (0, 0, 0, 0, 0, 1, 1, 1)
    assert tokenize(given, minilm, 6).pieces[1:-1] == ("one", "two", "[SEP]", "six")
    assert tokenize(given, minilm, 5).segments == (None, 0, None, 1, None)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 70))
def test_what_fits(first: int, second: int, room: int) -> None:
    of = (None, *[0] * first, None, *[1] * second, None)
    kept = fitting(of, room)
    lengths = [sum(of[at] == which for at in kept) for which in (0, 1)]
    assert sum(lengths) == min(room, first + second)
    # Each text keeps its beginning.
    assert kept == {*range(1, 1 + lengths[0]), *range(first + 2, first + 2 + lengths[1])}
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
    found = continued(prompt, smollm, ids, " three", [6])
    assert found.segments == (*prompt.segments, 1)
    assert found.sentence.pair == ("One", "two three")
    assert found.surfaces[-1] == " three"


def test_pairs_and_single_texts_are_apart(minilm: Tokenizer) -> None:
    single = tokenize(Sentence(1, "One two"), minilm, None)
    assert (single.segments, single.types, single.sentence.pair) == ((), (), None)
    with pytest.raises(ValueError, match="together"):
        tokenize_all([Sentence(1, "One two"), pair("a", "b")], minilm, None)
