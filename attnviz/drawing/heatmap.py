"""Labelled heatmaps, one or a few of the same tokens, fitted to the width of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from matplotlib.figure import Figure

from attnviz.drawing.paper import (
    EDGE,
    LEAST,
    PAGE,
    TALLEST,
    Paper,
    colour_bar,
    colours,
    draw_legend,
    paper,
    size_for,
    step_for,
    top_of,
)
from attnviz.drawing.titles import left_out
from attnviz.drawing.view import DrawingStyle
from attnviz.figures import labels as token_labels
from attnviz.figures.captions import share_note
from attnviz.figures.labels import LONGEST, Tag
from attnviz.figures.layout import SMALL, middle
from attnviz.figures.palette import INK, QUIET, hexadecimal, ink_on
from attnviz.figures.scale import Pixels
from attnviz.figures.sheet import Sheet
from attnviz.figures.views import POOLED, Floats
from attnviz.text.types import TokenLabel

Labels = tuple[TokenLabel, ...]

_NATURAL = 310.0
_LARGE = 500.0
_CELLS = (8.6, 20.0)
_MOST_CELL = 36.0
_VALUE_CELL = 13.0
_STRIP = 10.0
_GAP = 10.0
_LEGEND = 16.0
_NAME = 8.0
_SHOWN = 0.005
_DIGITS = 1.62
"""The width of `.45` as a multiple of its size, with a little air."""


@dataclass(frozen=True)
class Heatmap:
    """One matrix [row, column] with its title."""

    title: str
    weights: Floats


@dataclass(frozen=True)
class Field:
    """What all heatmaps of a figure share: their labels, and what rows and columns are.

    `strips`: rows are no tokens, so that a cell need not be square, and rows are never pooled.
    """

    rows: Labels
    columns: Labels
    down: str = "query ↓"
    across: str = "key →"
    strips: bool = False

    @property
    def block(self) -> int:
        """The number of tokens that a cell stands for, each way that counts tokens."""
        most = len(self.columns) if self.strips else max(len(self.rows), len(self.columns))
        return ceil(most / POOLED)

    @property
    def row_block(self) -> int:
        """The number of rows that a row of cells stands for."""
        return 1 if self.strips else self.block

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of rows and columns of cells."""
        return ceil(len(self.rows) / self.row_block), ceil(len(self.columns) / self.block)

    def cells(self, weights: Floats) -> Floats:
        """The cells of weights [row, column]: means over queries of the sums over keys."""
        if self.block == 1:
            return weights
        starts = np.arange(0, len(self.columns), self.block)
        sums = np.add.reduceat(weights, starts, axis=1)
        rows = np.arange(0, len(self.rows), self.row_block)
        sizes = np.diff(np.append(rows, len(self.rows)))
        return np.asarray(np.add.reduceat(sums, rows, axis=0) / sizes[:, None])


@dataclass(frozen=True, slots=True)
class Fit:
    """How heatmaps fill a page: `across` side by side, of cells `side` x `tall` points.

    `left` and `above` are the points that labels take; `down` and `over` say which labels are
    written, each k-th.
    """

    across: int
    side: float
    tall: float
    left: float
    above: float
    down: tuple[Tag, ...]
    over: tuple[Tag, ...]
    sizes: tuple[float, float]
    upright: bool


def heatmaps(
    maps: Sequence[Heatmap],
    field: Field,
    style: DrawingStyle,
    *,
    title: str = "",
    notes: Sequence[str] = (),
) -> Figure:
    """Draw heatmaps with labels for each token, in rows that fit the page.

    Labels that would be smaller than `LEAST` points are left out, and values that don't fit their
    cells; a note says so.
    """
    page, fit = _arrange(len(maps), field, style)
    sheet = page.sheet
    rows, columns = field.shape
    width, height = columns * fit.side, rows * fit.tall
    single = len(maps) == 1
    y = page.heading(title or maps[0].title) if title or single else EDGE
    for index, heatmap in enumerate(maps):
        line, place = divmod(index, fit.across)
        if place == 0 and line:
            y += height + (_LEGEND if style.scale == "own" else 0.0) + _GAP
        if place == 0:
            y += 0.0 if single else _NAME * 1.5
            y += fit.above if line == 0 else 2.0
        x = EDGE + fit.left + place * (width + _GAP)
        if not single:
            name_y = y - (fit.above if line == 0 else 0.0) - 4.0
            sheet.text(x, name_y, heatmap.title, _NAME, INK)
        _draw(page, fit, field, heatmap, x, y, first=(line == 0, place == 0))
    y += height + 5.0
    if style.scale == "own":
        y += _LEGEND
    else:
        bar = colour_bar(sheet, style, 1.0)
        y = draw_legend(sheet, bar, EDGE + fit.left, y, page.width - fit.left)
    y = page.small_print(y, [*notes, *_notes(field, fit, style)])
    return page.figure(y)


def _notes(field: Field, fit: Fit, style: DrawingStyle) -> list[str]:
    parts = [share_note(field.block)]
    down = _left_out(field.rows, fit.down, "row" if field.strips else "token")
    over = _left_out(field.columns, fit.over, "token")
    parts += [down] if down == over else [down, over]
    if style.values and _value_size(fit) and field.block == 1:
        parts.append("Empty cells: below 0.005.")
    elif style.values:
        parts.append("Values are left out: in these cells they would be smaller than 5 points.")
    if style.scale == "own":
        parts.append("Colours end at the largest weight.")
    return parts


def _left_out(labels: Labels, tags: tuple[Tag, ...], what: str) -> str:
    return left_out(len(labels), ceil(len(labels) / len(tags)), what) if tags else ""


def _draw(
    page: Paper,
    fit: Fit,
    field: Field,
    heatmap: Heatmap,
    x: float,
    y: float,
    *,
    first: tuple[bool, bool],
) -> None:
    """Draw one heatmap from its corner; labels over the first line, and before the first of it."""
    sheet = page.sheet
    cells = field.cells(heatmap.weights)
    top = top_of(cells, page.style)
    pixels = colours(sheet, cells, top)
    rows, columns = field.shape
    width, height = columns * fit.side, rows * fit.tall
    sheet.image(x, y, width, height, pixels)
    sheet.frame(x, y, width, height, 0.5)
    if page.style.values and field.block == 1:
        _print_values(sheet, fit, cells, pixels, x, y)
    if first[0]:
        _label_columns(sheet, fit, x, y)
    if first[1]:
        _label_rows(sheet, fit, x, y)
    if all(first):
        sheet.text(x - 4.0, y - 4.0 - 1.3 * SMALL, field.across, SMALL, QUIET, align="right")
        sheet.text(x - 4.0, y - 4.0, field.down, SMALL, QUIET, align="right")
    if page.style.scale == "own":
        bar = colour_bar(sheet, page.style, top)
        room = page.width - fit.left if fit.across == 1 else max(width, 60.0)
        draw_legend(sheet, bar, x, y + height + 5.0, room)


def _label_rows(sheet: Sheet, fit: Fit, x: float, y: float) -> None:
    size = fit.sizes[0]
    for tag in fit.down:
        along = middle(y + (tag.cell + 0.5) * fit.tall, size)
        token_labels.write(sheet, x - 4.0, along, tag, size, align="right")


def _label_columns(sheet: Sheet, fit: Fit, x: float, y: float) -> None:
    size = fit.sizes[1]
    for tag in fit.over:
        centre = x + (tag.cell + 0.5) * fit.side
        if fit.upright:
            token_labels.write(sheet, middle(centre, size), y - 4.0, tag, size, upright=True)
        else:
            token_labels.write(sheet, centre, y - 4.0, tag, size, align="center")


def _value_size(fit: Fit) -> float:
    """The size of numbers in cells, 0 where they would be too small."""
    size = min((fit.side - 2.0) / _DIGITS, fit.tall / 1.3, 7.5)
    return size if size >= LEAST else 0.0


def hundredths(weight: float) -> str:
    """A weight in two digits: `.45`, `1.0`; "" below 0.005."""
    if not weight >= _SHOWN:
        return ""
    return f"{weight:.2f}"[1:] if weight < 1.0 - _SHOWN else "1.0"


def _print_values(
    sheet: Sheet, fit: Fit, cells: Floats, pixels: Pixels, x: float, y: float
) -> None:
    size = _value_size(fit)
    if not size:
        return
    for (row, column), weight in np.ndenumerate(cells):
        ink = ink_on(hexadecimal(pixels[row, column].tolist()))
        at = x + (column + 0.5) * fit.side, middle(y + (row + 0.5) * fit.tall, size)
        sheet.text(*at, hundredths(float(weight)), size, ink, align="center")


def _arrange(count: int, field: Field, style: DrawingStyle) -> tuple[Paper, Fit]:
    """The page, and the fewest heatmaps side by side with which all are no taller than it."""
    page = paper(style)
    if count == 1 and not page.fixed:
        fit = _fit(page.sheet, 1, field, PAGE, _natural_side(field, style))
        return paper(style, _natural_width(fit, field)), fit
    cap = _MOST_CELL if count == 1 else _MOST_CELL * 0.75
    for across in range(1, count + 1):
        fit = _fit(page.sheet, across, field, page.width, cap)
        lines = ceil(count / across)
        if lines * (field.shape[0] * fit.tall + _GAP + _NAME * 1.5) + fit.above <= TALLEST:
            break
    return page, fit


def _natural_width(fit: Fit, field: Field) -> float:
    return max(fit.left + field.shape[1] * fit.side + 2.0, 190.0)


def _natural_side(field: Field, style: DrawingStyle) -> float:
    """The side of a cell where no width is asked for: labels have room, and values."""
    most = max(field.shape) if not field.strips else field.shape[1]
    if field.block > 1 or most > _LARGE / _CELLS[0]:
        return _LARGE / most
    least = _VALUE_CELL if style.values else _CELLS[0]
    return min(max(_NATURAL / most, least), _CELLS[1])


def _fit(sheet: Sheet, across: int, field: Field, width: float, most: float) -> Fit:
    """Cells as large as the page lets them be; what labels take depends on their size."""
    rows, columns = field.shape
    longest = min(LONGEST, 0.3 * width)
    side = most
    for _ in range(3):
        tall = side
        if field.strips:
            tall = min(max(side, 1.3 * LEAST), _STRIP, max(TALLEST / rows, 2.0))
        sizes = size_for(tall), size_for(side)
        down = _tags(sheet, field.rows, field.row_block, tall, longest, numbered=not field.strips)
        over = _tags(sheet, field.columns, field.block, side, longest)
        broad = max(token_labels.width(sheet, tag, sizes[0]) for tag in down)
        left = max(broad, sheet.measure(field.down, SMALL)) + 5.0
        free = width - left - (across - 1) * _GAP
        fitted = min(most, free / (across * columns))
        if abs(fitted - side) < 1e-6:
            break
        side = max(fitted, 0.2)
    high = max(token_labels.width(sheet, tag, sizes[1]) for tag in over)
    upright = high > side * (len(field.columns) // field.block // len(over) or 1) - 2.0
    above = max(high if upright else sizes[1], 2.6 * SMALL) + 4.0
    return Fit(across, side, tall, left, above, down, over, sizes, upright)


def _tags(
    sheet: Sheet,
    labels: Labels,
    block: int,
    pitch: float,
    longest: float,
    *,
    numbered: bool = True,
) -> tuple[Tag, ...]:
    """The labels that have room, with their places where not all have."""
    step = step_for(pitch) * block
    size = size_for(pitch)
    return tuple(
        Tag(
            place // block,
            token_labels.shorten(sheet, labels[place], size, longest),
            str(place) if numbered and step > 1 else "",
        )
        for place in range(0, len(labels), step)
    )
