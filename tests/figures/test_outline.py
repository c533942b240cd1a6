"""The outline of a role's target."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from attnviz.figures.outlines import Outline, draw_outlines, outline
from attnviz.figures.sheet import Sheet
from attnviz.figures.style import FigureStyle


def edges(segments: NDArray[np.float64]) -> set[tuple[tuple[float, ...], ...]]:
    return {tuple(tuple(end) for end in segment) for segment in segments.tolist()}


def test_one_cell_has_four_borders() -> None:
    assert edges(outline([(1, 0)], 3, 3)) == {
        ((0, 1), (1, 1)),
        ((0, 2), (1, 2)),
        ((0, 1), (0, 2)),
        ((1, 1), (1, 2)),
    }


def test_neighbours_have_one_outline_in_common_whose_sides_are_one_line() -> None:
    assert edges(outline([(0, 0), (1, 0)], 2, 2)) == {
        ((0, 0), (1, 0)),
        ((0, 2), (1, 2)),
        ((0, 0), (0, 2)),
        ((1, 0), (1, 2)),
    }


def test_an_inset_outline_keeps_its_distance_inside_at_every_corner() -> None:
    # An L: (0, 0), (1, 0) and (1, 1).
    assert edges(outline([(0, 0), (1, 0), (1, 1)], 2, 2, inset=0.25)) == {
        ((0.25, 0.25), (0.75, 0.25)),
        ((0.75, 1.25), (1.75, 1.25)),
        ((0.25, 1.75), (1.75, 1.75)),
        ((0.25, 0.25), (0.25, 1.75)),
        ((0.75, 0.25), (0.75, 1.25)),
        ((1.75, 1.25), (1.75, 1.75)),
    }


def test_sets_that_share_cells_are_drawn_inside_one_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[tuple[NDArray[np.float64], str]] = []

    def watched(_: Sheet, segments: NDArray[np.float64], colour: str, __: float) -> None:
        drawn.append((segments, colour))

    monkeypatch.setattr(Sheet, "lines", watched)
    sheet = Sheet(FigureStyle())
    sets = [Outline(((0, 0), (1, 1)), colour="a"), Outline(((0, 0),), colour="b")]
    sets.append(Outline(((1, 0),), colour="c"))

    draw_outlines(sheet, sets, (2, 2), 10.0, (0.0, 0.0))

    lowest = {colour: float(segments.min()) for segments, colour in drawn if colour in {*"abc"}}
    assert lowest["a"] == lowest["c"] == 0.0
    assert lowest["b"] > 1.0


def test_no_cells_no_outline() -> None:
    assert outline([], 4, 4).shape == (0, 2, 2)


def test_targets_stay_inside_matrices_that_are_not_square() -> None:
    assert edges(outline([(0, 4)], 1, 5)) == {
        ((4, 0), (5, 0)),
        ((4, 1), (5, 1)),
        ((4, 0), (4, 1)),
        ((5, 0), (5, 1)),
    }
