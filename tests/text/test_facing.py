"""Sentences and what a decoder reads with them: pairs go by line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnviz.errors import InputError, NothingToAnalyseError
from attnviz.text.facing import facing
from attnviz.text.split import Split, sentences
from tests.helpers.texts import conllu, text_file

Pair = tuple[int, str, str]


def faced(sources: list[str], target: str, split: Split = "line") -> list[Pair]:
    files = [text_file(text, f"{number}.txt") for number, text in enumerate(sources)]
    target_file = text_file(target, "target.txt")
    pairs = facing(
        sentences(files, split, blank_lines=True),
        sentences([target_file], split, blank_lines=True),
    )
    return [(source.id, source.text, target.text) for source, target in zip(*pairs, strict=True)]


def test_a_blank_line_faces_the_line_of_its_number() -> None:
    source = "The king works.\n\nA dog runs.\n"
    target = "Le roi travaille.\nUn chat dort.\n\n"
    assert faced([source], target) == [
        (1, "The king works.", "Le roi travaille."),
        (2, "", "Un chat dort."),
        (3, "A dog runs.", ""),
    ]


def test_what_is_blank_on_both_sides_is_nothing() -> None:
    assert faced(["a\n\n \nb"], "x\n\n\ny\n") == [(1, "a", "x"), (2, "b", "y")]


@pytest.mark.parametrize("ending", ["", "\n", "\n\n", "\n \n\n"])
def test_blank_lines_at_the_end_dont_matter(ending: str) -> None:
    assert faced(["a\nb\n"], f"x\ny{ending}") == [(1, "a", "x"), (2, "b", "y")]
    assert faced([f"a\nb{ending}"], "x\ny") == [(1, "a", "x"), (2, "b", "y")]


def test_the_lines_of_several_files_follow_each_other() -> None:
    pairs = faced(["a\nb\n\n", "c"], "w\nx\ny\nz")
    assert pairs == [(1, "a", "w"), (2, "b", "x"), (3, "", "y"), (4, "c", "z")]


def test_the_same_file_twice() -> None:
    file = text_file("a\nb\n", "a.txt")
    target = text_file("w\nx\ny\nz\n", "t.txt")
    pairs = facing(
        sentences([file, file], "line", blank_lines=True),
        sentences([target], "line", blank_lines=True),
    )
    assert [sentence.text for sentence in pairs[1]] == ["w", "x", "y", "z"]


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("a\nb\nc", "x\ny", "target.txt has 2 lines for 3 lines of text."),
        ("a", "x\n\ny\n", "target.txt has 3 lines for 1 line of text."),
    ],
)
def test_lines_without_a_line_on_the_other_side(source: str, target: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        faced([source], target)
    assert caught.value.message == message
    assert "on the same line of the target file" in caught.value.hint


def test_documents_face_each_other_whole() -> None:
    assert faced(["a\n\nb\n"], "x\ny\nz\n", "document") == [(1, "a\n\nb", "x\ny\nz")]


def test_a_file_without_text_is_a_document_too() -> None:
    files = [text_file(text, str(number)) for number, text in enumerate(("a", "\n", "b"))]
    documents = sentences(files, "document", blank_lines=True)
    assert [sentence.text for sentence in documents] == ["a", "", "b"]
    assert [sentence.text for sentence in sentences(files, "document")] == ["a", "b"]


def test_a_treebank_faces_a_line_a_sentence() -> None:
    trees = conllu("1 Dogs 2 nsubj", "2 run 0 root", "", "1 Cats 2 nsubj", "2 sit 0 root")
    lines = text_file("Les chiens\nLes chats\n", "target.txt")
    sources, targets = (sentences([file], "line", blank_lines=True) for file in (trees, lines))
    pairs = facing(sources, targets)
    assert [(source.text, target.text) for source, target in zip(*pairs, strict=True)] == [
        ("Dogs run", "Les chiens"),
        ("Cats sit", "Les chats"),
    ]


@given(st.lists(st.tuples(st.sampled_from(["", " ", "a", "b"]), st.sampled_from(["", "x", "y"]))))
def test_every_pair_is_of_one_line(rows: list[tuple[str, str]]) -> None:
    source, target = ("".join(f"{row[side]}\n" for row in rows) for side in (0, 1))
    try:
        pairs = faced([source], target)
    except NothingToAnalyseError:
        assert not source.strip() or not target.strip()
        return
    assert [pair[1:] for pair in pairs] == [(a.strip(), b) for a, b in rows if a.strip() or b]
