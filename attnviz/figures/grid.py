"""Maps of the whole model: a row per layer, a column per head."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from attnviz.figures.kind import FigureStyle
from attnviz.figures.layout import (
    BAR_ROOM,
    MARGIN,
    SMALL,
    draw_bar,
    headline,
    linear_bar,
    middle,
    round_ticks,
)
from attnviz.figures.palette import PAPER, QUIET, ink_on
from attnviz.figures.scale import Pixels, paint
from attnviz.figures.sheet import Sheet
from attnviz.figures.tiles import numbered
from attnviz.figures.views import Floats, ModelView
from attnviz.figures.words import head_name, two

_WIDTH = 430.0
_HEIGHT = 560.0
_WIDEST, _TALLEST = 30.0, 20.0


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a layers x heads map: their corner and size in points."""

    left: float
    top: float
    width: float
    height: float
    layers: int
    heads: int

    @property
    def right(self) -> float:
        """The right edge."""
        return self.left + self.width * self.heads

    @property
    def bottom(self) -> float:
        """The bottom edge."""
        return self.top + self.height * self.layers

    def corner(self, layer: int, head: int) -> tuple[float, float]:
        """The top left corner of a cell."""
        return self.left + head * self.width, self.top + layer * self.height

    def centre(self, layer: int, head: int) -> tuple[float, float]:
        """The centre of a cell."""
        x, y = self.corner(layer, head)
        return x + self.width / 2, y + self.height / 2


def cells(sheet: Sheet, layers: int, heads: int, top: float) -> Cells:
    """Plan a map whose headline ends at `top`; cells shrink with the model's size."""
    width = sheet.snap(min(_WIDTH / heads, _WIDEST))
    height = sheet.snap(min(_HEIGHT / layers, _TALLEST, max(width, 12.0)))
    left = sheet.snap(MARGIN + sheet.measure("layer ↓", SMALL) + 6.0)
    return Cells(left, sheet.snap(top + 2.4 * SMALL + 2.0), width, height, layers, heads)


def draw_cells(sheet: Sheet, plan: Cells, pixels: Pixels, absent: NDArray[np.bool_]) -> None:
    """Draw the colours [layer, head, 3] with white lines between, numbers around them.

    `absent` [layer, head] marks heads that don't exist: crossed out.
    """
    width, height = plan.right - plan.left, plan.bottom - plan.top
    sheet.image(plan.left, plan.top, width, height, pixels)
    upright = [
        [(plan.corner(0, head)[0], plan.top), (plan.corner(0, head)[0], plan.bottom)]
        for head in range(1, plan.heads)
    ]
    level = [
        [(plan.left, plan.corner(layer, 0)[1]), (plan.right, plan.corner(layer, 0)[1])]
        for layer in range(1, plan.layers)
    ]
    sheet.lines(np.array([*upright, *level]), PAPER, 0.96 if plan.width > 10.0 else 0.5)
    crosses = []
    for layer, head in zip(*np.nonzero(absent), strict=True):
        x, y = plan.corner(int(layer), int(head))
        crosses.append([(x + 1.0, y + plan.height - 1.0), (x + plan.width - 1.0, y + 1.0)])
    sheet.lines(np.array(crosses), QUIET, 0.4)
    for head in numbered(plan.heads, plan.width, sheet.measure(str(plan.heads), SMALL) + 3.0):
        x, _ = plan.centre(0, head)
        sheet.text(x, plan.top - 4.0, str(head), SMALL, QUIET, align="center")
    for layer in numbered(plan.layers, plan.height, SMALL):
        y = middle(plan.centre(layer, 0)[1], SMALL)
        sheet.text(plan.left - 5.0, y, str(layer), SMALL, QUIET, align="right")
    sheet.text(plan.left, plan.top - 4.0 - 1.35 * SMALL, "head →", SMALL, QUIET)
    sheet.text(plan.left - 5.0, plan.top - 4.0, "layer ↓", SMALL, QUIET, align="right")


def statistic_figure(
    values: Floats, style: FigureStyle, *, title: str, unit: str, top: float | None = None
) -> Figure:
    """Draw one statistic [layer, head] on its own linear scale, from 0 to `top`.

    Without `top` the scale ends at a round number above the largest value. NaN is a head that
    doesn't exist. Values are printed where there is room.
    """
    sheet = Sheet(style)
    layers, heads = values.shape
    finite = values[np.isfinite(values)]
    marks, end = round_ticks(top or (float(finite.max()) if finite.size else 1.0))
    trial = cells(sheet, layers, heads, 0.0)
    width = max(trial.right + BAR_ROOM, 220.0)
    plan = cells(sheet, layers, heads, headline(sheet, title, "", width - MARGIN))
    pixels = paint(values / end, style)
    draw_cells(sheet, plan, pixels, np.isnan(values))
    _print_values(sheet, plan, values, pixels)
    height = max(58.0, min(plan.bottom - plan.top, 120.0))
    draw_bar(sheet, linear_bar(unit, marks, end), plan.right + 12.0, plan.top, height)
    bottom = max(plan.bottom, plan.top + height)
    return sheet.figure(width + MARGIN, bottom + MARGIN + 2.0)


def _print_values(sheet: Sheet, plan: Cells, values: Floats, pixels: Pixels) -> None:
    """Print each value in its cell, if the longest fits."""
    present = np.isfinite(values)
    texts = {(layer, head): two(float(values[layer, head])) for layer, head in np.argwhere(present)}
    size = 6.4
    widest = max((sheet.measure(text, size) for text in texts.values()), default=0.0)
    if widest > plan.width - 3.0 or plan.height < size + 3.0:
        return
    for (layer, head), text in texts.items():
        x, y = plan.centre(layer, head)
        colour = "#{:02X}{:02X}{:02X}".format(*pixels[layer, head].tolist())
        sheet.text(x, middle(y, size), text, size, ink_on(colour), align="center")


def statistic_caption(name: str, unit: str, reading: str) -> Callable[[ModelView], str]:
    """A caption that names the mean, the extremes and where they are."""

    def caption(view: ModelView) -> str:
        values = np.asarray(view.statistics[name], dtype=np.float64)
        if not np.isfinite(values).any():
            return f"No head has a measured {name.replace('_', ' ')}. {reading}"
        low = np.unravel_index(int(np.nanargmin(values)), values.shape)
        high = np.unravel_index(int(np.nanargmax(values)), values.shape)
        return (
            f"Heads range from {two(float(values[low]))} ({head_name(int(low[0]), int(low[1]))}) "
            f"to {two(float(values[high]))} ({head_name(int(high[0]), int(high[1]))}){unit}, "
            f"{two(float(np.nanmean(values)))} on average. {reading}"
        )

    return caption
