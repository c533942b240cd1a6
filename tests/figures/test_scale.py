"""The colour scale: square root, fixed from 0 to 1, zero is the paper."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from attnviz.errors import UsageError
from attnviz.figures import head
from attnviz.figures.render import render
from attnviz.figures.scale import Pixels, colormap, pool, shade, ticks
from attnviz.figures.style import FigureStyle
from tests.helpers.pictured import decode, only

GREY = (235, 235, 235)


def colour(value: float, cmap: str = "Blues") -> tuple[int, ...]:
    return tuple(int(channel) for channel in colormap(cmap)(value, bytes=True)[:3])


def draw_head(weights: NDArray[np.float64], style: FigureStyle) -> Pixels:
    view = only(weights)
    figure = head.draw(view, view.heads[0], style)
    return decode(render(figure, style, path="x", title="x", caption="x.").png)


def where(pixels: Pixels, wanted: tuple[int, ...]) -> NDArray[np.intp]:
    return np.argwhere((pixels[:, :500] == wanted).all(axis=-1))


def test_pixel_has_the_colour_of_the_weights_square_root() -> None:
    weights = np.zeros((3, 3))
    weights[0, 2] = 0.49
    weights[2, 1] = 0.0625

    pixels = draw_head(weights, FigureStyle())

    strong, weak = where(pixels, colour(0.7)), where(pixels, colour(0.25))
    side = np.ptp(weak[:, 0]) + 1
    assert len(weak) >= side * side > 100
    # Row 0 is above row 2; key 2 is to the right of key 1: queries go down, keys across.
    assert strong.mean(axis=0)[0] == pytest.approx(weak.mean(axis=0)[0] - 2 * side, abs=1)
    assert strong.mean(axis=0)[1] == pytest.approx(weak.mean(axis=0)[1] + side, abs=1)


def test_linear_scale_and_other_maps_are_honoured() -> None:
    weights = np.full((2, 2), 0.5)

    pixels = draw_head(weights, FigureStyle(scale="linear", cmap="viridis"))

    assert len(where(pixels, colour(0.5, "viridis"))) > 1000


def test_scale_is_fixed_whatever_the_largest_weight() -> None:
    style = FigureStyle()

    assert shade(np.array([[0.1, 1.0]]), style)[0, 0].tolist() == list(colour(0.1**0.5))
    assert shade(np.array([[0.1, 0.2]]), style)[0, 0].tolist() == list(colour(0.1**0.5))


def test_zero_is_the_paper_where_the_map_begins_light() -> None:
    assert colour(0.0, "Blues") == (255, 255, 255)
    assert colour(0.0, "viridis") == (68, 1, 84)


def test_bar_is_labelled_in_true_weights() -> None:
    assert ticks("sqrt") == (0.0, 0.05, 0.2, 0.5, 1.0)


def test_missing_head_is_a_grey_gap_and_not_zero() -> None:
    pixels = draw_head(np.full((3, 3), np.nan), FigureStyle())

    assert len(where(pixels, GREY)) > 3000
    assert shade(np.array([[np.nan, 0.0]]), FigureStyle())[0].tolist() == [list(GREY), [255] * 3]


def test_pool_takes_means_of_blocks_smaller_at_the_edge() -> None:
    weights = np.array([[1.0, 3.0, 5.0], [1.0, 3.0, 7.0], [2.0, 4.0, 9.0]])

    assert pool(weights, 2).tolist() == [[2.0, 6.0], [3.0, 9.0]]
    assert pool(weights, 1) is weights


def test_unknown_map_is_an_error_with_a_suggestion() -> None:
    with pytest.raises(UsageError, match="'Bleus'") as caught:
        colormap("Bleus")
    assert "Blues" in caught.value.hint
