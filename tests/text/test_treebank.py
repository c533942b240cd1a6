from __future__ import annotations

import pytest

from attnviz.errors import InputError, NothingToAnalyseError
from attnviz.text.split import Split, sentences
from attnviz.text.types import SourceFile


def word(number: str, form: str, misc: str = "_") -> str:
    head = "_" if "-" in number or "." in number else "0"
    return "\t".join([number, form, "_", "X", "_", "_", head, "dep", "_", misc])


def treebank(*lines: str) -> SourceFile:
    return SourceFile("bank.CoNLLU", "0" * 64, "\n".join(lines) + "\n")


GIVEN = [
    "# sent_id = 1",
    "# text = Wait,  stop.",
    word("1", "Wait"),
    word("2", ","),
    word("3", "s"),
]
CONTRACTED = [
    word("1-2", "Du", "_"),
    word("1", "De"),
    word("2", "le"),
    word("2.1", "silent"),
    word("3", "pain", "Gloss=bread|SpaceAfter=No"),
    word("4", "!", ""),
]


@pytest.mark.parametrize("split", ["auto", "line", "sentence"])
def test_a_treebank_brings_its_sentences(split: Split) -> None:
    first, second = sentences([treebank(*GIVEN, "", "", *CONTRACTED)], split)
    assert (first.id, first.line, first.text) == (1, 1, "Wait,  stop.")
    assert first.forms == ("Wait", ",", "s")
    assert (second.id, second.line, second.text) == (2, 8, "Du pain!")
    assert second.forms == ("Du", "pain", "!")


def test_a_treebank_may_be_one_document() -> None:
    (whole,) = sentences([treebank(*GIVEN, "", *CONTRACTED)], "document")
    assert whole.text == "Wait,  stop. Du pain!"
    assert whole.forms == ("Wait", ",", "s", "Du", "pain", "!")


def test_a_form_may_hold_a_space_and_a_hash() -> None:
    (only,) = sentences([treebank(word("1", "vingt et un"), word("2", "#"))])
    assert only.text == "vingt et un #"


@pytest.mark.parametrize(
    ("lines", "line", "reason"),
    [
        (["1\tWord"], 1, "2 columns instead of 10"),
        (["plain text, no columns"], 1, "1 columns instead of 10"),
        ([*GIVEN, "", word("x", "Word")], 7, "'x' is not a valid ID"),
        ([word("1", "A"), word("3", "B")], 2, "word 3 stands where 2 should"),
        ([word("1", "A"), word("1", "B")], 2, "word 1 stands where 2 should"),
        ([word("_", "A")], 1, "the word has no number"),
        ([word("9" * 5000, "A")], 1, ""),
        ([word("2-3", "A"), word("1", "B")], 1, "the range 2-3 is out of place"),
        ([word("1-9", "A"), word("1", "B")], 1, "a range reaches to word 9, but there are 1"),
        ([word("1", "A").replace("\t0\t", "\thead\t")], 1, "'head' is not a valid value"),
    ],
)
def test_what_is_malformed_is_told_by_file_and_line(
    lines: list[str], line: int, reason: str
) -> None:
    with pytest.raises(InputError) as caught:
        sentences([treebank(*lines)])
    assert caught.value.message.startswith(f"bank.CoNLLU, line {line}: malformed CoNLL-U: ")
    assert reason in caught.value.message
    assert "ten columns" in caught.value.hint


def test_comments_alone_are_no_sentence() -> None:
    with pytest.raises(NothingToAnalyseError):
        sentences([treebank("# newdoc", "", "# newpar")])
