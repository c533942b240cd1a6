"""Maps of the whole model: a row per layer, a column per head."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from attnviz.figures.captions import head_name, titled, two
from attnviz.figures.layout import (
    BAR_ROOM,
    MARGIN,
    SMALL,
    draw_bar,
    headline,
    linear_bar,
    middle,
    notes,
    round_ticks,
)
from attnviz.figures.margins import (
    BRACKET_ROOM,
    Margins,
    draw_brackets,
    layer_width,
    map_margins,
    margin_note,
    strike,
    write_layer,
)
from attnviz.figures.palette import PAPER, QUIET, channels, hexadecimal, ink_on
from attnviz.figures.scale import Pixels, paint
from attnviz.figures.sheet import Sheet
from attnviz.figures.style import FigureStyle
from attnviz.figures.tiles import numbered
from attnviz.figures.views import Floats, ModelView

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


def absent(view: ModelView) -> NDArray[np.bool_]:
    """Heads that don't exist [layer, head]: those without any statistic."""
    shape = (len(view.roles), len(view.roles[0]))
    if not view.statistics:
        return np.zeros(shape, dtype=bool)
    maps = np.stack([np.asarray(values, dtype=np.float64) for values in view.statistics.values()])
    return np.asarray(np.isnan(maps).all(axis=0))


def cells(sheet: Sheet, margins: Margins, top: float) -> Cells:
    """The cells of a map whose headline ends at `top`; they shrink with the model's size."""
    layers, heads = margins.absent.shape
    width = sheet.snap(min(_WIDTH / heads, _WIDEST))
    height = sheet.snap(min(_HEIGHT / layers, _TALLEST, max(width, 12.0)))
    numbers = max(sheet.measure("layer ↓", SMALL), layer_width(sheet, margins, layers))
    left = sheet.snap(MARGIN + numbers + 6.0)
    above = 2.4 * SMALL + 2.0 + (BRACKET_ROOM if margins.group > 1 else 0.0)
    return Cells(left, sheet.snap(top + above), width, height, layers, heads)


def draw_cells(sheet: Sheet, grid: Cells, pixels: Pixels, margins: Margins) -> None:
    """Draw the colours [layer, head, 3] with white lines between, numbers around them.

    Heads that don't exist are crossed out, those that share keys bracketed.
    """
    width, height = grid.right - grid.left, grid.bottom - grid.top
    pixels[margins.gaps] = channels(PAPER)
    sheet.image(grid.left, grid.top, width, height, pixels)
    upright = [
        [(grid.corner(0, head)[0], grid.top), (grid.corner(0, head)[0], grid.bottom)]
        for head in range(1, grid.heads)
    ]
    level = [
        [(grid.left, grid.corner(layer, 0)[1]), (grid.right, grid.corner(layer, 0)[1])]
        for layer in range(1, grid.layers)
    ]
    sheet.lines(np.array([*upright, *level]), PAPER, 0.96 if grid.width > 10.0 else 0.5)
    _cross_out(sheet, grid, margins)
    _number(sheet, grid, margins)


def _cross_out(sheet: Sheet, grid: Cells, margins: Margins) -> None:
    """Draw a line through each layer without heads, and through each head missing in others."""
    rows = [(grid.left, grid.corner(layer, 0)[1]) for layer in margins.gaps]
    strike(sheet, [(x, y + 1.0, grid.right - x, grid.height - 2.0) for x, y in rows])
    crosses = []
    for layer, head in zip(*np.nonzero(margins.missing), strict=True):
        x, y = grid.corner(int(layer), int(head))
        crosses.append([(x + 1.0, y + grid.height - 1.0), (x + grid.width - 1.0, y + 1.0)])
    sheet.lines(np.array(crosses), QUIET, 0.4)


def _number(sheet: Sheet, grid: Cells, margins: Margins) -> None:
    """Number the heads, under their brackets, and the layers."""
    for head in numbered(grid.heads, grid.width, sheet.measure(str(grid.heads), SMALL) + 3.0):
        x, _ = grid.centre(0, head)
        sheet.text(x, grid.top - 4.0, str(head), SMALL, QUIET, align="center")
    for layer in numbered(grid.layers, grid.height, SMALL):
        y = middle(grid.centre(layer, 0)[1], SMALL)
        write_layer(sheet, grid.left - 5.0, y, layer, margins)
    above = grid.top - 4.0 - 1.35 * SMALL
    if margins.group > 1:
        starts = [grid.corner(0, head)[0] for head in range(grid.heads)]
        ends = [start + grid.width for start in starts]
        draw_brackets(sheet, starts, ends, margins.group, above + 2.0)
        above -= BRACKET_ROOM
    sheet.text(grid.left, above, "head →", SMALL, QUIET)
    sheet.text(grid.left - 5.0, grid.top - 4.0, "layer ↓", SMALL, QUIET, align="right")


def statistic_figure(
    view: ModelView,
    name: str,
    style: FigureStyle,
    *,
    title: str,
    unit: str,
    top: float | None = None,
) -> Figure:
    """Draw the statistic `name` [layer, head] on its own linear scale, from 0 to `top`.

    Without `top` the scale ends at a round number above the largest value. NaN is a head that
    doesn't exist. Values are printed where there is room.
    """
    sheet = Sheet(style)
    values = view.statistics[name]
    margins = map_margins(np.isnan(values), view.key_heads, view.windows)
    finite = values[np.isfinite(values)]
    marks, end = round_ticks(top or (float(finite.max()) if finite.size else 1.0))
    width = max(cells(sheet, margins, 0.0).right + BAR_ROOM, 220.0)
    title = titled(title, view.stream)
    grid = cells(sheet, margins, headline(sheet, title, "", width - MARGIN))
    pixels = paint(values / end, style)
    draw_cells(sheet, grid, pixels, margins)
    _print_values(sheet, grid, values, pixels)
    height = max(58.0, min(grid.bottom - grid.top, 120.0))
    draw_bar(sheet, linear_bar(unit, marks, end), grid.right + 12.0, grid.top, height)
    bottom = max(grid.bottom, grid.top + height) + 2.0
    bottom = notes(sheet, bottom, margin_note(margins), width - MARGIN)
    return sheet.figure(width + MARGIN, bottom + MARGIN)


def _print_values(sheet: Sheet, grid: Cells, values: Floats, pixels: Pixels) -> None:
    """Print each value in its cell, if the longest fits."""
    present = np.isfinite(values)
    texts = {(layer, head): two(float(values[layer, head])) for layer, head in np.argwhere(present)}
    size = 6.4
    widest = max((sheet.measure(text, size) for text in texts.values()), default=0.0)
    if widest > grid.width - 3.0 or grid.height < size + 3.0:
        return
    for (layer, head), text in texts.items():
        x, y = grid.centre(layer, head)
        colour = hexadecimal(pixels[layer, head].tolist())
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
