"""The right labels of sentences: line by line, and what is refused."""

from __future__ import annotations

import pytest

from attnviz.errors import InputError
from attnviz.text.right_labels import RightLabels, right_labels
from attnviz.text.split import sentences
from attnviz.text.types import SourceFile

TEXT = SourceFile("text.txt", "", "It was good.\n\nIt was bad.\nIt was.\n")


def labelled(labels: str) -> RightLabels:
    return right_labels(
        SourceFile("labels.txt", "", labels), sentences([TEXT], "line", blank_lines=True)
    )


def test_a_label_stands_on_the_line_of_its_sentence() -> None:
    found = labelled("good\n\nbad\r\ngood\n\n")
    assert found.by_sentence == {1: "good", 2: "bad", 3: "good"}
    assert found.lines == {"good": 1, "bad": 3}


def test_a_sentence_may_have_none() -> None:
    assert labelled("good\n\n\ngood\n").by_sentence == {1: "good", 3: "good"}


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("good\n\nbad\n", "labels.txt has 3 lines for 4 lines of text."),
        ("good\n\nbad\nbad\nbad\n", "labels.txt has 5 lines for 4 lines of text."),
        ("good\nbad\nbad\ngood\n", "labels.txt, line 2: a label, and line 2 of the text is blank."),
    ],
)
def test_labels_that_dont_fit_the_text(labels: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        labelled(labels)
    assert caught.value.message == message
    assert caught.value.hint


def test_labels_that_dont_fit_the_model() -> None:
    labels = labelled("good\n\nbad\nsplendid\n")
    labels.check("m", ("good", "bad", "splendid"))
    with pytest.raises(InputError) as caught:
        labels.check("m", ("bad", "good"))
    assert caught.value.message == "labels.txt, line 4: m knows no label 'splendid'."
    assert caught.value.hint == "Its labels are: bad, good."
    with pytest.raises(InputError, match="m gives a text no label"):
        labels.check("m", ())
