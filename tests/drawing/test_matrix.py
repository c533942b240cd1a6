"""The heatmap: numbers in cells, labels, several matrices, the rows of a query."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from attnviz.drawing.drawing import Panel
from attnviz.drawing.heatmap import hundredths
from attnviz.drawing.view import DrawingStyle
from attnviz.errors import UsageError
from tests.helpers.drawn import drawing, random, says, svg, words, written

VALUES = DrawingStyle(values=True)


@pytest.mark.parametrize(
    ("weight", "text"),
    [(0.454, ".45"), (1.0, "1.0"), (0.996, "1.0"), (0.994, ".99"), (0.005, ".01"), (0.004, "")],
)
def test_a_weight_in_two_digits(weight: float, text: str) -> None:
    assert hundredths(weight) == text


def test_values_are_printed_into_their_cells() -> None:
    weights = [[0.9, 0.1, 0.0], [0.25, 0.5, 0.25], [0.0, 0.004, 0.996]]

    texts = [each.text for each in written(svg("matrix", drawing("a b c", weights), VALUES))]

    numbers = [text for text in texts if text.startswith(".") or text == "1.0"]
    assert sorted(numbers) == [".10", ".25", ".25", ".50", ".90", "1.0"]
    assert "Empty cells: below 0.005." in " ".join(texts)


def test_values_that_would_be_too_small_are_left_out_and_it_says_so() -> None:
    drawn = drawing(words(30), random(30))

    said = says(svg("matrix", drawn, DrawingStyle(width=3.3, values=True)))

    assert " .1" not in said
    assert "Values are left out: in these cells they would be smaller than 5 points." in said


def test_in_a_column_of_a_page_labels_without_room_are_left_out_and_counted() -> None:
    narrow = svg("matrix", drawing(words(40), random(40)), DrawingStyle(width=3.3))
    wide = svg("matrix", drawing(words(40), random(40)), DrawingStyle(width=7.0))

    assert "Every 2nd token is labelled, with its place from 0; 20 labels left out." in says(narrow)
    texts = {each.text for each in written(narrow)}
    assert {"t0", "t2", "t38"} <= texts
    assert "t1" not in texts
    assert {"t0", "t1", "t39"} <= {each.text for each in written(wide)}
    assert "left out" not in says(wide)


def test_several_matrices_have_their_names_and_one_scale() -> None:
    texts = [t.text for t in written(svg("matrix", drawing("a b", *(random(2) for _ in "123"))))]

    assert [text for text in texts if text.startswith("L0H")] == ["L0H0", "L0H1", "L0H2"]
    assert texts.count("weight") == 1


def test_on_scales_of_their_own_each_matrix_has_a_bar() -> None:
    drawn = drawing("a b", [[0.5, 0.5], [0.2, 0.8]], [[0.4, 0.6], [0.6, 0.4]])

    texts = [each.text for each in written(svg("matrix", drawn, DrawingStyle(scale="own")))]

    assert texts.count("weight") == 2
    assert {"0.80", "0.60"} <= set(texts)


def test_more_than_sixteen_matrices_are_for_the_mosaic() -> None:
    with pytest.raises(UsageError, match="at most 16 matrices, and 17") as caught:
        svg("matrix", drawing("a b", *(random(2) for _ in range(17))))
    assert "mosaic" in caught.value.hint


def test_the_row_of_a_query_is_bars_with_numbers_in_reading_order() -> None:
    drawn = drawing(
        "the cat sat", [[1.0, 0.0, 0.0], [0.125, 0.25, 0.625], [0.0, 0.0, 1.0]], query=(1,)
    )

    root = svg("matrix", drawn)

    texts = [each.text for each in written(root)]
    assert "L0H0, from “cat”" in says(root)
    assert [text for text in texts if text in ("the", "cat", "sat")] == ["the", "cat", "sat"]
    assert [text for text in texts if text in ("0.12", "0.25", "0.62")] == ["0.12", "0.25", "0.62"]


def test_bars_of_a_long_sentence_are_its_sixty_strongest_keys() -> None:
    row = np.full(100, 0.001)
    row[:60] = 0.016
    drawn = drawing(words(100), np.tile(row, (100, 1)), query=(3,))

    said = says(svg("matrix", drawn))

    assert "The 60 keys with most, with their places from 0; the other 40 share 0.040." in said


def test_the_row_of_a_query_in_many_heads_is_a_strip_for_each_head() -> None:
    heads = [random(3, seed=head) for head in range(6)]

    texts = [t.text for t in written(svg("matrix", drawing("a B c", *heads, query=(1,)), VALUES))]

    assert "From “B”" in " ".join(texts)
    assert [text for text in texts if text.startswith("L0H")] == [f"L0H{head}" for head in range(6)]
    numbers = [hundredths(float(weight)) for head in heads for weight in head[1]]
    shown = [text for text in texts if text.startswith(".") or text == "1.0"]
    assert sorted(shown) == sorted(number for number in numbers if number)


def test_the_mosaic_numbers_layers_and_heads_and_names_means() -> None:
    heads = tuple(
        Panel(f"L{layer}H{head}", random(5), layer, head) for layer in (3, 7) for head in (0, 11)
    )
    layers = tuple(Panel(f"layer {layer}", random(5), layer) for layer in range(3))
    drawn = drawing("a b c d e", random(5))

    of_heads = {each.text for each in written(svg("mosaic", replace(drawn, panels=heads)))}
    of_layers = says(svg("mosaic", replace(drawn, panels=layers)))

    assert {"4 heads", "3", "7", "0", "11"} <= of_heads
    assert "3 layers, means of heads" in of_layers
    assert "layer 0 layer 1 layer 2" in of_layers
