"""Treebanks split into sentences, files and documents."""

from __future__ import annotations

import pytest

from attnviz.text.documents import documented, shared
from attnviz.text.split import Split, sentences
from attnviz.text.tokenize import Tokenizer, tokenize
from attnviz.text.types import Annotation, Mention, Sentence, SourceFile
from tests.text.conllu_rows import conllu, parsed

ANN = ["1 Ann 2 nsubj PROPN Entity=(e1--1)", "2 ran 0 root VERB"]
SHE = ["# text = She's in.", "1-2 She's", "1 She 3 nsubj PRON Entity=(e1--1)"]
SHE += ["2 's 3 cop AUX", "3 in 0 root ADV SpaceAfter=No", "4 . 3 punct PUNCT"]


def told(found: tuple[Sentence, ...]) -> list[tuple[str, str]]:
    return [(each.document, each.text) for each in found]


@pytest.mark.parametrize("split", ["auto", "line", "sentence"])
def test_a_document_is_named_until_the_next(split: Split) -> None:
    rows = ["1 A", "", "# newdoc id = one", "1 B", "", "1 C", "", "# newdoc", "1 D"]
    assert told(parsed(*rows, split=split)) == [
        ("", "A"),
        ("one", "B"),
        ("one", "C"),
        ("document 2", "D"),
    ]


def test_a_document_may_begin_before_its_sentences() -> None:
    rows = ["# newdoc id = a=b \x1b", "", "1 A"]
    assert told(parsed(*rows)) == [("a=b <U+001B>", "A")]


def test_each_document_of_a_file_is_one_sentence() -> None:
    rows = ["1 A", "", "# newdoc id = one", "1 B", "", "1 C", "", "# newdoc id = two", "1 D"]
    found = parsed(*rows, split="document")
    assert told(found) == [("", "A"), ("one", "B C"), ("two", "D")]
    assert [(each.id, each.line) for each in found] == [(1, 1), (2, 3), (3, 8)]


def test_documents_end_with_their_file() -> None:
    files = [conllu("# newdoc id = one", "1 A"), conllu("1 B"), conllu("# newdoc id = one", "1 C")]
    found = sentences(files, "document")
    assert told(found) == [("one", "A"), ("", "B"), ("one", "C")]


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
    from attnviz.text.types import SourceFile

    (only,) = sentences([SourceFile("a.txt", "0" * 64, "Hi.")])
    assert (only.annotation, only.document) == (None, "")


def resampled(*files: SourceFile, split: Split = "auto") -> tuple[list[str], list[str]]:
    """The documents that sentences are resampled by, and what is warned of."""
    found, warnings = documented(files, sentences(files, split))
    return [each.document for each in found], warnings


def plain(text: str, name: str = "a.txt") -> SourceFile:
    return SourceFile(name, "0" * 64, text)


def newdocs(count: int) -> list[str]:
    return [row for one in range(count) for row in (f"# newdoc id = d{one}", "1 A", "", "1 B", "")]


def test_twenty_documents_are_resampled_and_fewer_are_not() -> None:
    names = [f"d{one}" for one in range(20) for _ in range(2)]
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
    files = [plain("One. Two.\n\nThree.", f"{one}.txt") for one in range(20)]
    found, warnings = documented(files, sentences(files, "sentence"))
    assert len(found) == 60
    assert len({each.unit for each in found}) == 20
    assert warnings == []


def test_blocks_between_blank_lines_are_documents() -> None:
    text = "\n\n".join(f"It is {one}.\nSo be it." for one in range(20))
    expected = [f"block {1 + one}" for one in range(20) for _ in range(2)]
    for split in ("line", "sentence", "auto"):
        assert resampled(plain(f"\n\n{text}"), split=split) == (expected, [])
    documents, [warning] = resampled(plain(text.partition("\n\nIt is 7")[0]))
    assert documents == [""] * 14
    assert "from 7 documents" in warning


def test_blocks_of_two_files_count_where_files_are_few() -> None:
    blocks = "\n \n".join(f"It is {one}.\nSo be it." for one in range(10))
    files = [plain(blocks, "a.txt"), plain(blocks, "b.txt")]
    found, warnings = documented(files, sentences(files))
    assert len({each.unit for each in found}) == 20
    assert warnings == []


def test_blocks_of_one_sentence_are_just_sentences() -> None:
    lines = "\n\n".join(f"It is {one}." for one in range(30))
    assert resampled(plain(lines)) == ([""] * 30, [])
    assert resampled(plain("One.\nTwo.")) == (["", ""], [])


def test_a_document_read_as_one_sequence_is_a_sentence() -> None:
    files = [plain("One.\nTwo.\n\nThree.", f"{one}.txt") for one in range(25)]
    assert resampled(*files, split="document") == ([""] * 25, [])
    assert resampled(conllu(*newdocs(6)), split="document") == ([""] * 6, [])
    names = [f"d{one}" for one in range(25)]
    assert resampled(conllu(*newdocs(25)), split="document") == (names, [])


def test_one_known_document_is_warned_of() -> None:
    documents, [warning] = resampled(conllu(*newdocs(1)))
    assert documents == ["", ""]
    assert "from 1 document " in warning


def test_targets_are_of_the_documents_of_their_sources(minilm: Tokenizer) -> None:
    places = [("a.txt", "x"), ("a.txt", "x"), ("b.txt", "x"), ("b.txt", "")]
    sources = [
        tokenize(Sentence(1, str(one), source, document=document), minilm, None)
        for one, (source, document) in enumerate(places)
    ]
    targets = [tokenize(Sentence(1, f"T{one}", "t.txt"), minilm, None) for one in range(4)]
    units = [each.sentence.unit for each in shared(sources, targets)]
    assert units[0] == units[1]
    assert len(set(units)) == 3
    assert units[3] == targets[3].sentence.digest
