"""The labelled heatmap: queries down, keys across, every token named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from attnviz.figures import labels as token_labels
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
from attnviz.figures.palette import OUTLINE, QUIET
from attnviz.figures.scale import pool, shade, shares
from attnviz.figures.sheet import Sheet
from attnviz.figures.style import FigureStyle
from attnviz.figures.views import POOLED, Floats
from attnviz.figures.words import share_note
from attnviz.text.types import TokenLabel

LEAST_CELL = 8.6
ROOMY_CELL = 11.0
_SIDE = 310.0
_LARGE_SIDE = 500.0
_MOST_CELL = 20.0

Labels = tuple[TokenLabel, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """How queries and keys become `rows` x `columns` cells of `side` points.

    A cell stands for `block` tokens each way; every `step`-th is labelled, in `size` points.
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
    """How many tokens a cell stands for, each way."""
    return ceil(max(queries, keys) / POOLED)


def plan(sheet: Sheet, queries: int, keys: int) -> Plan:
    """The cells of a heatmap of so many tokens: their side in points, snapped to pixels."""
    block, most = block_of(queries, keys), max(queries, keys)
    rows, columns = ceil(queries / block), ceil(keys / block)
    if most <= MOST_LABELLED:
        side = sheet.snap(min(max(_SIDE / most, LEAST_CELL), _MOST_CELL))
        return Plan(rows, columns, block, 1, side, 7.5 if side >= ROOMY_CELL else 6.6)
    side = sheet.snap(_LARGE_SIDE / max(rows, columns))
    return Plan(rows, columns, block, ceil(LEAST_CELL / side), side, 6.6)


def cell_weights(weights: Floats, queries: int, keys: int) -> Floats:
    """The cells of weights [query, key], or of their block means if those are given."""
    block = block_of(queries, keys)
    means = pool(weights, block) if weights.shape == (queries, keys) else weights
    return shares(means, keys, block)


def thinning_note(tokens: int) -> str:
    """What a figure with too many tokens to label, or to draw one by one, must say."""
    if tokens <= MOST_LABELLED:
        return ""
    kept = "Not every token is labelled; labels begin with the token's position, from 0."
    return f"{share_note(block_of(tokens, tokens))} {kept}".strip()


@dataclass(frozen=True, slots=True)
class Axes:
    """The labels around a plan's cells, and the room they take at the left and above."""

    plan: Plan
    queries: tuple[Tag, ...]
    keys: tuple[Tag, ...]
    left: float
    above: float
    upright: bool


def axes(sheet: Sheet, layout: Plan, queries: Labels, keys: Labels) -> Axes:
    """Measure the labels; those of keys stand upright where they are wider than a cell."""
    size = layout.size
    down, across = (
        token_labels.tags(sheet, labels, size, layout.block, layout.step)
        for labels in (queries, keys)
    )
    broad, tall = (
        max(token_labels.width(sheet, mark, size) for mark in marks) for marks in (down, across)
    )
    upright = tall > layout.side - 2.0
    left = max(broad, sheet.measure("query ↓", SMALL)) + 5.0
    return Axes(
        layout, down, across, left, max(tall if upright else size, 2.6 * SMALL) + 4.0, upright
    )


def matrix_figure(
    weights: Floats,
    queries: Labels,
    keys: Labels,
    style: FigureStyle,
    *,
    title: str,
    subtitle: str = "",
    cells: Iterable[tuple[int, int]] = (),
) -> Figure:
    """Draw weights [query, key] with a label for each token, `cells` outlined.

    Weights may be NaN where a head doesn't exist. Long sentences are drawn in blocks, and their
    weights may be given as block means.
    """
    sheet = Sheet(style)
    layout = plan(sheet, len(queries), len(keys))
    around = axes(sheet, layout, queries, keys)
    left = sheet.snap(MARGIN + around.left)
    heading = max(sheet.measure(title, TITLE), sheet.measure(subtitle, SMALL))
    width = max(left + layout.width + BAR_ROOM, min(_SIDE, MARGIN + heading + 1.0))
    top = sheet.snap(headline(sheet, title, subtitle, width - MARGIN) + around.above)
    draw_matrix(sheet, around, cell_weights(weights, len(queries), len(keys)), left, top, cells)
    height = max(58.0, min(layout.height, 120.0))
    draw_bar(sheet, weight_bar(sheet), left + layout.width + 12.0, top, height)
    small_print = thinning_note(max(len(queries), len(keys)))
    bottom = top + max(layout.height, height) + 5.0
    bottom = notes(sheet, bottom, small_print, width - 2 * MARGIN)
    return sheet.figure(width + MARGIN, bottom + MARGIN)


def draw_matrix(
    sheet: Sheet,
    around: Axes,
    weights: Floats,
    left: float,
    top: float,
    cells: Iterable[tuple[int, int]] = (),
) -> None:
    """Draw the cells' weights [row, column] from their corner, `cells` outlined, with labels."""
    layout = around.plan
    width, height, side = layout.width, layout.height, layout.side
    sheet.image(left, top, width, height, shade(weights, sheet.style))
    if bool(np.isnan(weights).all()):
        sheet.lines(np.array([[(left, top + height), (left + width, top)]]), QUIET, 0.4)
    sheet.frame(left, top, width, height, 0.5)
    borders = outline(cells, layout.rows, layout.columns, layout.block) * side + (left, top)
    sheet.lines(borders, OUTLINE, min(0.75, 0.08 * side))
    _label(sheet, around, left, top)


def _label(sheet: Sheet, around: Axes, left: float, top: float) -> None:
    """Label the rows at the left and the columns on top, and say which is which."""
    size, side = around.plan.size, around.plan.side
    for mark in around.queries:
        along = middle(top + (mark.cell + 0.5) * side, size)
        token_labels.write(sheet, left - 4.0, along, mark, size, align="right")
    for mark in around.keys:
        across = left + (mark.cell + 0.5) * side
        if around.upright:
            x = middle(across, size)
            token_labels.write(sheet, x, top - 4.0, mark, size, upright=True)
        else:
            token_labels.write(sheet, across, top - 4.0, mark, size, align="center")
    sheet.text(left - 4.0, top - 4.0 - 1.3 * SMALL, "key →", SMALL, QUIET, align="right")
    sheet.text(left - 4.0, top - 4.0, "query ↓", SMALL, QUIET, align="right")


def outline(
    cells: Iterable[tuple[int, int]], rows: int, columns: int, block: int = 1
) -> NDArray[np.float64]:
    """The border of a set of (query, key) cells among `rows` x `columns`.

    Returns segments [segment, end, (x, y)] in units of cells. Borders between two cells of the
    set are left out, so that a strip has one outline and the weights inside stay visible.
    """
    chosen = np.zeros((rows + 2, columns + 2), dtype=bool)
    places = np.array(list(cells), dtype=np.intp).reshape(-1, 2) // block + 1
    chosen[places[:, 0], places[:, 1]] = True
    down, across = np.nonzero(chosen[1:, 1:-1] != chosen[:-1, 1:-1])
    flat = np.stack([across, down, across + 1, down], axis=1)
    down, across = np.nonzero(chosen[1:-1, 1:] != chosen[1:-1, :-1])
    steep = np.stack([across, down, across, down + 1], axis=1)
    return np.concatenate([flat, steep]).reshape(-1, 2, 2).astype(np.float64)
