from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnviz.errors import NothingToAnalyseError
from attnviz.text.split import Split, sentences
from attnviz.text.types import SourceFile


def source(text: str, name: str = "a.txt") -> SourceFile:
    return SourceFile(name, "0" * 64, text)


def found(text: str, split: Split = "auto", language: str = "en") -> list[tuple[int, str]]:
    return [(each.line, each.text) for each in sentences([source(text)], split, language)]


def test_ids_run_through_all_files() -> None:
    files = [source("One.\nTwo."), source("Three.", "b.txt")]
    assert [(each.id, each.source, each.line, each.text) for each in sentences(files)] == [
        (1, "a.txt", 1, "One."),
        (2, "a.txt", 2, "Two."),
        (3, "b.txt", 1, "Three."),
    ]


def test_a_line_is_a_sentence_as_it_stands() -> None:
    assert found("  One. Two. \n\n\tthree  words\x1b[0m\n \n", "line") == [
        (1, "One. Two."),
        (3, "three  words\x1b[0m"),
    ]


def test_only_a_line_feed_ends_a_line() -> None:
    assert found("a\x0bb\x0cc\x85d\u2028e\nf", "line") == [(1, "a\x0bb\x0cc\x85d\u2028e"), (2, "f")]


def test_a_document_is_one_sentence() -> None:
    assert found("\n\n One. Two.\n\nThree. \n", "document") == [(3, "One. Two.\n\nThree.")]


def test_prose_is_split_inside_its_paragraphs() -> None:
    text = (
        "Dr. Smith came at 3 p.m. with\n"
        'a   dog. "Sit! Stay!" he said. It\n'
        "did.\n"
        "\n"
        "A heading without a full stop\n"
        "\n"
        "The end.\n"
    )
    assert found(text, "sentence") == [
        (1, "Dr. Smith came at 3 p.m. with a dog."),
        (2, '"Sit! Stay!" he said.'),
        (2, "It did."),
        (5, "A heading without a full stop"),
        (7, "The end."),
    ]


def test_a_sentence_that_starts_a_line_is_of_that_line() -> None:
    assert found("One.\nTwo. Again.\nTwo. End.", "sentence") == [
        (1, "One."),
        (2, "Two."),
        (2, "Again."),
        (3, "Two."),
        (3, "End."),
    ]


def test_chinese_lines_are_joined_without_a_space() -> None:
    assert found("图书馆里\n很安静。外面\n下雨。", "sentence", "zh") == [
        (1, "图书馆里很安静。"),
        (2, "外面下雨。"),
    ]


def test_auto_sees_a_list_of_sentences() -> None:
    lines = ["Is it?", "“Yes.”", "Wait…", "好。", "ठीक है।", "(Done.)", "Go!", "A.", "B.", "no mark"]
    assert [text for _, text in found("\n".join(lines))] == lines


def test_auto_sees_prose() -> None:
    assert found("This line is wrapped, as\nprose is. And so on.") == [
        (1, "This line is wrapped, as prose is."),
        (2, "And so on."),
    ]


def test_auto_sees_paragraphs_of_one_line_each() -> None:
    assert len(found("One sentence. Another.\nOne more. And more.")) == 4


def test_auto_decides_for_each_file() -> None:
    files = [source("A list.\nOf two."), source("Wrapped\nprose. Here.")]
    assert [each.text for each in sentences(files)] == [
        "A list.",
        "Of two.",
        "Wrapped prose.",
        "Here.",
    ]


@pytest.mark.parametrize("split", ["auto", "line", "sentence", "document"])
def test_blank_text_has_no_sentence(split: Split) -> None:
    with pytest.raises(NothingToAnalyseError, match=r"No sentence in a\.txt"):
        sentences([source(" \n\t\n")], split)


texts = st.text(st.one_of(st.sampled_from("ab. \n\t!?\"'…。"), st.characters(codec="utf-8")))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(texts, min_size=1, max_size=5),
    st.sampled_from(["auto", "line", "sentence", "document"]),
)
def test_sentences_are_numbered_in_order_and_hold_all_but_space(
    contents: list[str], split: Split
) -> None:
    files = [source(text, f"{number}.txt") for number, text in enumerate(contents)]
    try:
        result = sentences(files, split)
    except NothingToAnalyseError:
        assert not "".join(contents).strip()
        return
    assert [each.id for each in result] == list(range(1, len(result) + 1))
    places = [(int(each.source.removesuffix(".txt")), each.line) for each in result]
    assert places == sorted(places)
    assert all(each.text.strip() for each in result)
    kept = "".join(each.text for each in result)
    assert "".join(kept.split()) == "".join("".join(contents).split())


@settings(max_examples=50)
@given(st.lists(texts, min_size=1, max_size=5))
def test_each_line_is_found_where_it_says(contents: list[str]) -> None:
    file = source("\n".join(contents) + "\nend")
    lines = file.text.split("\n")
    for each in sentences([file], "line"):
        assert each.text == lines[each.line - 1].strip()
