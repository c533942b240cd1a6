from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnviz.errors import NothingToAnalyseError
from attnviz.text.split import Split, sentences
from tests.helpers.texts import text_file


def lines_of(text: str, split: Split = "auto", language: str = "en") -> list[tuple[int, str]]:
    return [(each.line, each.text) for each in sentences([text_file(text)], split, language)]


def test_ids_run_through_all_files() -> None:
    files = [text_file("One.\nTwo."), text_file("Three.", "b.txt")]
    assert [(each.id, each.source, each.line, each.text) for each in sentences(files)] == [
        (1, "a.txt", 1, "One."),
        (2, "a.txt", 2, "Two."),
        (3, "b.txt", 1, "Three."),
    ]


def test_a_line_is_a_sentence_as_it_stands() -> None:
    assert lines_of("  One. Two. \n\n\tthree  words\x1b[0m\n \n", "line") == [
        (1, "One. Two."),
        (3, "three  words\x1b[0m"),
    ]


def test_only_a_line_feed_ends_a_line() -> None:
    assert lines_of("a\x0bb\x0cc\x85d\u2028e\nf", "line") == [
        (1, "a\x0bb\x0cc\x85d\u2028e"),
        (2, "f"),
    ]


def test_a_document_is_one_sentence() -> None:
    assert lines_of("\n\n One. Two.\n\nThree. \n", "document") == [(3, "One. Two.\n\nThree.")]


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
    assert lines_of(text, "sentence") == [
        (1, "Dr. Smith came at 3 p.m. with a dog."),
        (2, '"Sit! Stay!" he said.'),
        (2, "It did."),
        (5, "A heading without a full stop"),
        (7, "The end."),
    ]


def test_a_sentence_that_starts_a_line_is_of_that_line() -> None:
    assert lines_of("One.\nTwo. Again.\nTwo. End.", "sentence") == [
        (1, "One."),
        (2, "Two."),
        (2, "Again."),
        (3, "Two."),
        (3, "End."),
    ]


def test_chinese_lines_are_joined_without_a_space() -> None:
    assert lines_of("图书馆里\n很安静。外面\n下雨。", "sentence", "zh") == [
        (1, "图书馆里很安静。"),
        (2, "外面下雨。"),
    ]


def test_auto_sees_a_list_of_sentences() -> None:
    lines = ["Is it?", "“Yes.”", "Wait…", "好。", "ठीक है।", "(Done.)", "Go!", "A.", "B.", "no mark"]
    assert [text for _, text in lines_of("\n".join(lines))] == lines


def test_auto_sees_prose() -> None:
    assert lines_of("This line is wrapped, as\nprose is. And so on.") == [
        (1, "This line is wrapped, as prose is."),
        (2, "And so on."),
    ]


def test_auto_sees_paragraphs_of_one_line_each() -> None:
    assert len(lines_of("One sentence. Another.\nOne more. And more.")) == 4


def test_auto_decides_for_each_file() -> None:
    files = [text_file("A list.\nOf two."), text_file("Wrapped\nprose. Here.")]
    assert [each.text for each in sentences(files)] == [
        "A list.",
        "Of two.",
        "Wrapped prose.",
        "Here.",
    ]


@pytest.mark.parametrize("split", ["auto", "line", "sentence", "document"])
def test_blank_text_has_no_sentence(split: Split) -> None:
    with pytest.raises(NothingToAnalyseError, match=r"No sentence in a\.txt"):
        sentences([text_file(" \n\t\n")], split)


texts = st.text(st.one_of(st.sampled_from("ab. \n\t!?\"'…。"), st.characters(codec="utf-8")))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(texts, min_size=1, max_size=5),
    st.sampled_from(["auto", "line", "sentence", "document"]),
)
def test_sentences_are_numbered_in_order_and_hold_all_but_space(
    contents: list[str], split: Split
) -> None:
    files = [text_file(text, f"{number}.txt") for number, text in enumerate(contents)]
    try:
        result = sentences(files, split)
    except NothingToAnalyseError:
        assert not "".join(contents).strip()
        return
    assert [each.id for each in result] == list(range(1, len(result) + 1))
    places = [(int(each.source.removesuffix(".txt")), each.line) for each in result]
    assert places == sorted(places)
    assert all(each.text.strip() for each in result)
    text = "".join(each.text for each in result)
    assert "".join(text.split()) == "".join("".join(contents).split())


@settings(max_examples=50)
@given(st.lists(texts, min_size=1, max_size=5))
def test_each_line_is_found_where_it_says(contents: list[str]) -> None:
    file = text_file("\n".join(contents) + "\nend")
    lines = file.text.split("\n")
    for each in sentences([file], "line"):
        assert each.text == lines[each.line - 1].strip()
