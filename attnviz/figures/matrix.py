"""The labelled heatmap: queries down, keys across, every token named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from matplotlib.figure import Figure

from attnviz.figures import labels as token_labels
from attnviz.figures.captions import share_note
from attnviz.figures.labels import MOST_LABELLED, Tag
from attnviz.figures.layout import (
    BAR_ROOM,
    MARGIN,
    SMALL,
    TITLE,
    draw_bar,
    headline,
    middle,
    notes,
    weight_bar,
)
from attnviz.figures.outlines import Outline, draw_outlines, legend
from attnviz.figures.palette import QUIET
from attnviz.figures.scale import pool, shade, shares
from attnviz.figures.sheet import Sheet
from attnviz.figures.style import FigureStyle
from attnviz.figures.views import POOLED, Floats
from attnviz.text.types import TokenLabel

LEAST_CELL = 8.6
ROOMY_CELL = 11.0
_SIDE = 310.0
_LARGE_SIDE = 500.0
_MOST_CELL = 20.0

Labels = tuple[TokenLabel, ...]


@dataclass(frozen=True, slots=True)
class CellGrid:
    """The cells of a heatmap: `rows` x `columns` squares of `side` points.

    A cell stands for `block` tokens each way; each `step`-th is labelled, in `size` points.
    """

    rows: int
    columns: int
    block: int
    step: int
    side: float
    size: float

    @property
    def width(self) -> float:
        """The width of all cells."""
        return self.columns * self.side

    @property
    def height(self) -> float:
        """The height of all cells."""
        return self.rows * self.side


def block_of(queries: int, keys: int) -> int:
    """The number of tokens that a cell stands for, each way."""
    return ceil(max(queries, keys) / POOLED)


def cell_grid(sheet: Sheet, queries: int, keys: int) -> CellGrid:
    """The cells of a heatmap of so many tokens; their side is a whole number of pixels."""
    block, most = block_of(queries, keys), max(queries, keys)
    rows, columns = ceil(queries / block), ceil(keys / block)
    if most <= MOST_LABELLED:
        side = sheet.snap(min(max(_SIDE / most, LEAST_CELL), _MOST_CELL))
        return CellGrid(rows, columns, block, 1, side, 7.5 if side >= ROOMY_CELL else 6.6)
    side = sheet.snap(_LARGE_SIDE / max(rows, columns))
    return CellGrid(rows, columns, block, ceil(LEAST_CELL / side), side, 6.6)


def cell_weights(weights: Floats, queries: int, keys: int) -> Floats:
    """The cells for weights [query, key], which may be block means already."""
    block = block_of(queries, keys)
    means = pool(weights, block) if weights.shape == (queries, keys) else weights
    return shares(means, keys, block)


def thinning_note(tokens: int) -> str:
    """The small print of a figure whose tokens aren't all labelled, or are drawn in blocks."""
    if tokens <= MOST_LABELLED:
        return ""
    thinned = "Not every token is labelled; labels begin with the token's position, from 0."
    return f"{share_note(block_of(tokens, tokens))} {thinned}".strip()


@dataclass(frozen=True, slots=True)
class Axes:
    """The labels around a grid of cells, and the room they take at the left and above."""

    grid: CellGrid
    queries: tuple[Tag, ...]
    keys: tuple[Tag, ...]
    left: float
    above: float
    upright: bool


def label_axes(sheet: Sheet, grid: CellGrid, queries: Labels, keys: Labels) -> Axes:
    """Measure the labels; those of keys are upright where they are wider than a cell."""
    size = grid.size
    down, across = (
        token_labels.tags(sheet, labels, size, grid.block, grid.step) for labels in (queries, keys)
    )
    broad, tall = (
        max(token_labels.width(sheet, mark, size) for mark in marks) for marks in (down, across)
    )
    upright = tall > grid.side - 2.0
    left = max(broad, sheet.measure("query ↓", SMALL)) + 5.0
    return Axes(
        grid, down, across, left, max(tall if upright else size, 2.6 * SMALL) + 4.0, upright
    )


def matrix_figure(
    weights: Floats,
    queries: Labels,
    keys: Labels,
    style: FigureStyle,
    *,
    title: str,
    subtitle: str = "",
    outlines: Sequence[Outline] = (),
) -> Figure:
    """Draw weights [query, key] with a label for each token, and sets of cells outlined.

    Weights may be NaN where a head doesn't exist. Long sentences are drawn in blocks, and their
    weights may be given as block means.
    """
    sheet = Sheet(style)
    grid = cell_grid(sheet, len(queries), len(keys))
    axes = label_axes(sheet, grid, queries, keys)
    left = sheet.snap(MARGIN + axes.left)
    heading = max(sheet.measure(title, TITLE), sheet.measure(subtitle, SMALL))
    width = max(left + grid.width + BAR_ROOM, min(_SIDE, MARGIN + heading + 1.0))
    below = headline(sheet, title, subtitle, width - MARGIN)
    top = sheet.snap(legend(sheet, outlines, below, width - MARGIN) + axes.above)
    draw_matrix(sheet, axes, cell_weights(weights, len(queries), len(keys)), left, top, outlines)
    height = max(58.0, min(grid.height, 120.0))
    draw_bar(sheet, weight_bar(sheet), left + grid.width + 12.0, top, height)
    small_print = thinning_note(max(len(queries), len(keys)))
    bottom = top + max(grid.height, height) + 5.0
    bottom = notes(sheet, bottom, small_print, width - 2 * MARGIN)
    return sheet.figure(width + MARGIN, bottom + MARGIN)


def draw_matrix(
    sheet: Sheet,
    axes: Axes,
    weights: Floats,
    left: float,
    top: float,
    outlines: Sequence[Outline] = (),
) -> None:
    """Draw the cells' weights [row, column] from their corner, with outlines and labels."""
    grid = axes.grid
    width, height, side = grid.width, grid.height, grid.side
    sheet.image(left, top, width, height, shade(weights, sheet.style))
    if bool(np.isnan(weights).all()):
        sheet.lines(np.array([[(left, top + height), (left + width, top)]]), QUIET, 0.4)
    sheet.frame(left, top, width, height, 0.5)
    blocks = [replace(each, cells=_blocks(each.cells, grid.block)) for each in outlines]
    draw_outlines(sheet, blocks, (grid.rows, grid.columns), side, (left, top))
    _label(sheet, axes, left, top)


def _label(sheet: Sheet, axes: Axes, left: float, top: float) -> None:
    """Label the rows at the left and the columns on top, and say which is which."""
    size, side = axes.grid.size, axes.grid.side
    for mark in axes.queries:
        along = middle(top + (mark.cell + 0.5) * side, size)
        token_labels.write(sheet, left - 4.0, along, mark, size, align="right")
    for mark in axes.keys:
        across = left + (mark.cell + 0.5) * side
        if axes.upright:
            x = middle(across, size)
            token_labels.write(sheet, x, top - 4.0, mark, size, upright=True)
        else:
            token_labels.write(sheet, across, top - 4.0, mark, size, align="center")
    sheet.text(left - 4.0, top - 4.0 - 1.3 * SMALL, "key →", SMALL, QUIET, align="right")
    sheet.text(left - 4.0, top - 4.0, "query ↓", SMALL, QUIET, align="right")


def _blocks(cells: Iterable[tuple[int, int]], block: int) -> tuple[tuple[int, int], ...]:
    """The cells of blocks that hold these (query, key) cells."""
    return tuple(sorted({(query // block, key // block) for query, key in cells}))
