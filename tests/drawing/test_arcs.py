"""Which edges the view arcs draws, and what it says of the others."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.drawing.edges import strongest
from attnviz.drawing.view import DrawingStyle
from attnviz.errors import UsageError
from tests.helpers.drawn import drawing, random, says, svg, words

WEIGHTS = [[0.6, 0.35, 0.05], [0.09, 0.11, 0.8], [0.5, 0.5, 0.0]]


def test_edges_of_at_least_a_tenth_are_drawn_the_strongest_last() -> None:
    drawn = drawing("a b c", WEIGHTS)

    edges = strongest(drawn, drawn.panels[0])

    assert [(edge.query, edge.key, edge.weight) for edge in edges.edges] == [
        (1, 1, 0.11),
        (0, 1, 0.35),
        (2, 0, 0.5),
        (2, 1, 0.5),
        (0, 0, 0.6),
        (1, 2, 0.8),
    ]
    assert (
        edges.rule() == "Drawn: edges of at least 0.1, 6 of 9. 5 % of the attention is not drawn."
    )


def test_of_one_query_weaker_edges_are_drawn_too() -> None:
    drawn = drawing("a b c", WEIGHTS, query=(0,))

    edges = strongest(drawn, drawn.panels[0])

    assert [(edge.key, edge.weight) for edge in edges.edges] == [(2, 0.05), (1, 0.35), (0, 0.6)]
    assert edges.rule().startswith("Drawn: edges of at least 0.02, 3 of 3. 0 %")


def test_a_causal_model_has_only_the_cells_that_it_can_see() -> None:
    drawn = drawing("a b c", np.tril(np.ones((3, 3))) / [[1], [2], [3]], causal=True)

    assert "6 of 6" in strongest(drawn, drawn.panels[0]).rule()


def test_arcs_say_on_which_side_they_are_and_what_is_left_out() -> None:
    both = says(svg("arcs", drawing("a b c", WEIGHTS)))
    causal = says(svg("arcs", drawing("a b", [[1.0, 0.0], [0.5, 0.5]], causal=True)))

    assert "above the tokens to the left and below them to the right" in both
    assert "5 % of the attention is not drawn." in both
    assert "above" not in causal


def test_values_stand_at_the_arcs() -> None:
    said = says(svg("arcs", drawing("the cat sat", WEIGHTS), DrawingStyle(values=True))).split()

    assert {".80", ".60", ".35"} <= set(said)


def test_arcs_of_several_heads_or_of_too_many_tokens_are_refused() -> None:
    with pytest.raises(UsageError, match="shows one head, and 2 were chosen") as caught:
        svg("arcs", drawing("a b", random(2), random(2)))
    assert "--heads" in caught.value.hint
    with pytest.raises(UsageError, match="room for 37 tokens here, and this sentence has 60"):
        svg("arcs", drawing(words(60), random(60)), DrawingStyle(width=3.3))
    assert svg("arcs", drawing(words(60), random(60)), DrawingStyle(width=7.0)) is not None
