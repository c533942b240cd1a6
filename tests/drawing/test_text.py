"""The sentence as running text, shaded by what its tokens receive."""

from __future__ import annotations

import numpy as np

from attnviz.drawing.edges import received
from attnviz.drawing.reading import right_to_left, spaced
from attnviz.drawing.view import DrawingStyle
from attnviz.text.types import TokenLabel
from tests.helpers.drawn import SVG, drawing, labels, says, svg

WEIGHTS = [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.25, 0.25, 0.5]]


def test_a_token_receives_the_mean_of_all_queries_or_of_those_asked_for() -> None:
    everything, one = drawing("a b c", WEIGHTS), drawing("a b c", WEIGHTS, query=(2,))

    assert np.allclose(received(everything, everything.panels[0]), [0.25, 1.25 / 3, 1 / 3])
    assert received(one, one.panels[0]).tolist() == [0.25, 0.25, 0.5]


def test_the_text_says_from_where_and_boxes_the_query() -> None:
    drawn = drawing("the cat sat", WEIGHTS, query=(2,))

    root = svg("text", drawn, DrawingStyle(values=True))

    said = says(root)
    assert "L0H0, from “sat”" in said
    assert "The query is boxed." in said
    assert said.split().count(".25") == 2
    assert [p.attrib["stroke"] for p in root.iter(f"{SVG}path") if p.get("stroke") == "#D55E00"]


def test_every_matrix_has_its_text() -> None:
    said = says(svg("text", drawing("the cat sat", WEIGHTS, WEIGHTS))).split()

    assert said.count("cat") == 2
    assert {"L0H0", "L0H1"} <= set(said)


def test_running_text_has_spaces_where_the_tokenizer_has_them_else_between_words() -> None:
    wordpiece = labels("[CLS] play ##ing fair .")
    bytes_ = (TokenLabel("play"), TokenLabel("ing"), TokenLabel("fair", space=True))

    assert spaced(wordpiece) == [False, True, False, True, True]
    assert spaced(bytes_) == [False, False, True]
    assert "playing" not in says(svg("text", drawing("play ##ing", np.eye(2))))
    assert "ing" in says(svg("text", drawing("play ##ing", np.eye(2)))).split()


def test_arabic_and_hebrew_are_read_from_right_to_left() -> None:
    assert right_to_left(labels("[CLS] نام القط [SEP]"))
    assert not right_to_left(labels("the cat القط slept ."))
