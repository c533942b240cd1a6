"""Drawings in a terminal, with colours and without."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from attnviz.drawing.drawing import Drawing
from attnviz.drawing.registry import views
from attnviz.drawing.terminal import printed
from attnviz.drawing.view import DrawingStyle
from tests.helpers.drawn import as_flow, drawing, random, words
from tests.helpers.pictured import HOSTILE
from tests.helpers.pictured import labels as hostile

WEIGHTS = [[0.6, 0.4, 0.0], [0.1, 0.1, 0.8], [0.5, 0.5, 0.0]]


class Ascii(io.StringIO):
    encoding = "ascii"


def shown(
    name: str, drawn: Drawing, *, width: int = 80, colours: bool = False, ascii_only: bool = False
) -> str:
    file = Ascii() if ascii_only else io.StringIO()
    console = Console(
        file=file,
        width=width,
        color_system="truecolor" if colours else None,
        force_terminal=colours,
        highlight=False,
        markup=False,
        emoji=False,
    )
    console.print(printed(name, as_flow(name, drawn), DrawingStyle()))
    return file.getvalue()


def test_a_matrix_has_its_numbers_under_those_of_the_keys() -> None:
    lines = shown("matrix", drawing("the cat sat", WEIGHTS)).splitlines()

    assert lines[:5] == [
        "L0H0, a-model",
        "         0   1   2",
        "0 the  .60 .40   ·",
        "1 cat  .10 .10 .80",
        "2 sat  .50 .50   ·",
    ]


def test_where_numbers_have_no_room_digits_are_tenths() -> None:
    weights = np.eye(30) * 0.75 + 0.25 / 30

    said = shown("matrix", drawing(words(30), weights))

    assert "29 t29  " in said
    assert said.splitlines()[2].split() == ["0", "t0", "7", *["·"] * 29]
    assert "Digits are tenths, rounded down." in said


def test_a_matrix_that_is_wider_than_the_terminal_is_shown_in_blocks() -> None:
    said = shown("matrix", drawing(words(200), np.full((200, 200), 0.005)))

    assert "Each cell is the share of attention that 3 queries on average give to 3 keys" in said
    assert max(map(len, said.splitlines())) <= 80


def test_the_row_of_a_query_is_bars() -> None:
    said = shown("matrix", drawing("the cat sat", WEIGHTS, query=(1,)))

    assert "L0H0, from “cat”, a-model" in said
    assert "sat  0.80  ██████████████████████████████" in said
    assert "the  0.10  ███▊" in said


def test_many_heads_are_ranked_by_a_measure_that_is_named() -> None:
    heads = [np.eye(3) * share + (1 - share) / 3 for share in np.linspace(0.0, 0.9, 30)]

    rows = shown("mosaic", drawing("a b c", *heads, query=(1,))).splitlines()
    every = shown("mosaic", drawing("a b c", *heads))

    assert rows[1].split()[:4] == ["L0H29", "1", "b", "0.93"]
    assert "And 10 more, from 0.52 down to 0.33." in "\n".join(rows)
    assert "Ranked by the weight of the token looked at most." in "\n".join(rows)
    assert "Ranked by the share that the token looked at most gets" in every


def test_small_maps_need_colours() -> None:
    heads = [random(8, seed=head) for head in range(3)]

    assert "▀" in shown("mosaic", drawing(words(8), *heads), colours=True)
    assert "▀" not in shown("mosaic", drawing(words(8), *heads))


def test_arcs_are_a_list_of_edges() -> None:
    lines = shown("arcs", drawing("the cat sat", WEIGHTS)).splitlines()

    assert lines[1].split()[:6] == ["1", "cat", "→", "2", "sat", "0.80"]
    assert "Counted: edges of at least 0.1, 7 of 9." in "\n".join(lines)


def test_text_is_shaded_or_has_its_numbers_in_brackets() -> None:
    drawn = drawing("the cat sat", WEIGHTS, query=(1,))

    assert "the[.10] >cat<[.10] sat[.80]" in shown("text", drawn)
    assert "share received of the query's attention, 1 in all" in shown("text", drawn)
    coloured = shown("text", drawn, colours=True)
    assert "[.10]" not in coloured
    assert "\x1b[" in coloured


@pytest.mark.parametrize("name", [*views(), "a-view-of-tomorrow"])
@pytest.mark.parametrize("query", [(), (4,)])
def test_hostile_tokens_do_no_harm_in_any_terminal(name: str, query: tuple[int, ...]) -> None:
    tokens = hostile(len(HOSTILE) + 2)
    weights = random(len(tokens))
    drawn = drawing("a", weights, queries=tokens, keys=tokens, query=query)

    for width in (40, 80):
        plain = shown(name, drawn, width=width)
        assert "\x07" not in plain
        assert "\x1b" not in plain
        assert "[/INST]" in plain or name == "mosaic"


@pytest.mark.parametrize("name", list(views()))
def test_ascii_is_enough(name: str) -> None:
    heads = [random(5, seed=head) for head in range(2 if name != "arcs" else 1)]

    for query in ((), (2,)):
        said = shown(name, drawing("a b c d e", *heads, query=query), ascii_only=True)
        assert said.isascii()
