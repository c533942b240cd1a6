"""Treebanks split into sentences, files and documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from attnviz.text.documents import document_names, shared
from attnviz.text.split import Split, sentences
from attnviz.text.tokenize import Tokenizer, tokenize
from attnviz.text.types import Annotation, Mention, Sentence, SourceFile
from tests.helpers.texts import conllu, parsed, text_file

ANN = ["1 Ann 2 nsubj PROPN Entity=(e1--1)", "2 ran 0 root VERB"]
SHE = ["# text = She's in.", "1-2 She's", "1 She 3 nsubj PRON Entity=(e1--1)"]
SHE += ["2 's 3 cop AUX", "3 in 0 root ADV SpaceAfter=No", "4 . 3 punct PUNCT"]


def documented(
    files: Sequence[SourceFile], sentences: Sequence[Sentence]
) -> tuple[list[Sentence], list[str]]:
    """The sentences with their documents, and warnings."""
    name, warnings = document_names(files, lambda: sentences)
    return [replace(sentence, document=name(sentence)) for sentence in sentences], warnings


def in_documents(split: tuple[Sentence, ...]) -> list[tuple[str, str]]:
    return [(sentence.document, sentence.text) for sentence in split]


@pytest.mark.parametrize("split", ["auto", "line", "sentence"])
def test_a_document_is_named_until_the_next(split: Split) -> None:
    rows = ["1 A", "", "# newdoc id = one", "1 B", "", "1 C", "", "# newdoc", "1 D"]
    assert in_documents(parsed(*rows, split=split)) == [
        ("", "A"),
        ("one", "B"),
        ("one", "C"),
        ("document 2", "D"),
    ]


def test_a_document_may_begin_before_its_sentences() -> None:
    rows = ["# newdoc id = a=b \x1b", "", "1 A"]
    assert in_documents(parsed(*rows)) == [("a=b <U+001B>", "A")]


def test_each_document_of_a_file_is_one_sentence() -> None:
    rows = ["1 A", "", "# newdoc id = one", "1 B", "", "1 C", "", "# newdoc id = two", "1 D"]
    split = parsed(*rows, split="document")
    assert in_documents(split) == [("", "A"), ("one", "B C"), ("two", "D")]
    assert [(sentence.id, sentence.line) for sentence in split] == [(1, 1), (2, 3), (3, 8)]


def test_documents_end_with_their_file() -> None:
    files = [conllu("# newdoc id = one", "1 A"), conllu("1 B"), conllu("# newdoc id = one", "1 C")]
    split = sentences(files, "document")
    assert in_documents(split) == [("one", "A"), ("", "B"), ("one", "C")]


def test_entities_are_seen_across_the_sentences_of_a_document() -> None:
    (whole,) = parsed(*ANN, "", *SHE, split="document")
    assert whole.text == "Ann ran She's in."
    assert whole.annotation == Annotation(
        forms=("Ann", "ran", "She", "'s", "in", "."),
        spans=((0, 3), (4, 7), (8, 11), (11, 13), (14, 16), (16, 17)),
        upos=("PROPN", "VERB", "PRON", "AUX", "ADV", "PUNCT"),
        heads=(1, -1, 4, 4, -1, 4),
        relations=("nsubj", "root", "nsubj", "cop", "root", "punct"),
        mentions=(Mention("e1", 0, 1, 0), Mention("e1", 2, 3, 2)),
    )


def test_plain_text_has_neither() -> None:
    (only,) = sentences([text_file("Hi.")])
    assert (only.annotation, only.document) == (None, "")


def resampled(*files: SourceFile, split: Split = "auto") -> tuple[list[str], list[str]]:
    """The documents that sentences are resampled by, and what is warned of."""
    named, warnings = documented(files, sentences(files, split))
    return [sentence.document for sentence in named], warnings


def newdocs(count: int) -> list[str]:
    return [
        row for number in range(count) for row in (f"# newdoc id = d{number}", "1 A", "", "1 B", "")
    ]


def test_twenty_documents_are_resampled_and_fewer_are_not() -> None:
    names = [f"d{number}" for number in range(20) for _ in range(2)]
    assert resampled(conllu(*newdocs(20))) == (names, [])
    documents, [warning] = resampled(conllu(*newdocs(19)))
    assert documents == [""] * 38
    assert "from 19 documents" in warning
    assert "intervals are too narrow" in warning


def test_what_stands_before_the_first_document_is_one_too() -> None:
    documents, warnings = resampled(conllu("1 A", "", "1 B", "", *newdocs(19)))
    assert documents[:3] == ["before the first document"] * 2 + ["d0"]
    assert warnings == []


def test_a_treebank_that_names_no_document_has_none() -> None:
    assert resampled(conllu("1 A", "", "1 B")) == (["", ""], [])


def test_several_files_are_documents() -> None:
    files = [text_file("One. Two.\n\nThree.", f"{number}.txt") for number in range(20)]
    split, warnings = documented(files, sentences(files, "sentence"))
    assert len(split) == 60
    assert len({sentence.unit for sentence in split}) == 20
    assert warnings == []


def test_blocks_between_blank_lines_are_documents() -> None:
    text = "\n\n".join(f"It is {number}.\nSo be it." for number in range(20))
    expected = [f"block {1 + number}" for number in range(20) for _ in range(2)]
    for split in ("line", "sentence", "auto"):
        assert resampled(text_file(f"\n\n{text}"), split=split) == (expected, [])
    documents, [warning] = resampled(text_file(text.partition("\n\nIt is 7")[0]))
    assert documents == [""] * 14
    assert "from 7 documents" in warning


def test_blocks_of_two_files_count_where_files_are_few() -> None:
    blocks = "\n \n".join(f"It is {number}.\nSo be it." for number in range(10))
    files = [text_file(blocks, "a.txt"), text_file(blocks, "b.txt")]
    split, warnings = documented(files, sentences(files))
    assert len({sentence.unit for sentence in split}) == 20
    assert warnings == []


def test_blocks_of_one_sentence_are_just_sentences() -> None:
    lines = "\n\n".join(f"It is {number}." for number in range(30))
    assert resampled(text_file(lines)) == ([""] * 30, [])
    assert resampled(text_file("One.\nTwo.")) == (["", ""], [])


def test_a_document_read_as_one_sequence_is_a_sentence() -> None:
    files = [text_file("One.\nTwo.\n\nThree.", f"{number}.txt") for number in range(25)]
    assert resampled(*files, split="document") == ([""] * 25, [])
    assert resampled(conllu(*newdocs(6)), split="document") == ([""] * 6, [])
    names = [f"d{number}" for number in range(25)]
    assert resampled(conllu(*newdocs(25)), split="document") == (names, [])


def test_one_known_document_is_warned_of() -> None:
    documents, [warning] = resampled(conllu(*newdocs(1)))
    assert documents == ["", ""]
    assert "from 1 document " in warning


def test_targets_are_of_the_documents_of_their_sources(minilm: Tokenizer) -> None:
    places = [("a.txt", "x"), ("a.txt", "x"), ("b.txt", "x"), ("b.txt", "")]
    sources = [
        tokenize(Sentence(1, str(number), source, document=document), minilm, None)
        for number, (source, document) in enumerate(places)
    ]
    targets = [tokenize(Sentence(1, f"T{number}", "t.txt"), minilm, None) for number in range(4)]
    units = [each.sentence.unit for each in shared(sources, targets)]
    assert units[0] == units[1]
    assert len(set(units)) == 3
    assert units[3] == targets[3].sentence.digest
