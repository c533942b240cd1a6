"""The labelled heatmap: queries down, keys across, every token named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from attnviz.figures import labels as token_labels
from attnviz.figures.kind import FigureStyle
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
from attnviz.figures.scale import pool, shade
from attnviz.figures.sheet import Sheet
from attnviz.figures.views import POOLED, Floats
from attnviz.figures.words import block_note
from attnviz.text.types import TokenLabel

_SIDE = 310.0
_LARGE_SIDE = 500.0
_LEAST_CELL = 8.6
_MOST_CELL = 20.0
_ROOMY_CELL = 11.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How a sentence's tokens become cells: `block` tokens a cell, every `step`-th labelled."""

    cells: int
    block: int
    step: int
    side: float
    size: float


def plan(sheet: Sheet, tokens: int) -> Plan:
    """The cells of a heatmap of `tokens` tokens: their side in points, snapped to pixels."""
    block = ceil(tokens / POOLED)
    cells = ceil(tokens / block)
    if tokens <= MOST_LABELLED:
        side = sheet.snap(min(max(_SIDE / cells, _LEAST_CELL), _MOST_CELL))
        return Plan(cells, block, 1, side, 7.5 if side >= _ROOMY_CELL else 6.6)
    side = sheet.snap(_LARGE_SIDE / cells)
    return Plan(cells, block, ceil(_LEAST_CELL / side), side, 6.6)


def thinning_note(tokens: int) -> str:
    """What a figure with too many tokens to label, or to draw one by one, must say."""
    if tokens <= MOST_LABELLED:
        return ""
    kept = "Not every token is labelled; labels begin with the token's position, from 0."
    return f"{block_note(ceil(tokens / POOLED))} {kept}".strip()


def matrix_figure(
    weights: Floats,
    labels: tuple[TokenLabel, ...],
    style: FigureStyle,
    *,
    title: str,
    subtitle: str = "",
    cells: Iterable[tuple[int, int]] = (),
) -> Figure:
    """Draw weights [query, key] with a label for each token, `cells` outlined.

    Weights may be NaN where a head doesn't exist. Long sentences are drawn as block means.
    """
    sheet = Sheet(style)
    layout = plan(sheet, len(labels))
    side = layout.side * layout.cells
    marks = token_labels.tags(sheet, labels, layout.size, layout.block, layout.step)
    widest = max(token_labels.width(sheet, mark, layout.size) for mark in marks)
    upright = widest > layout.side - 2.0
    left = sheet.snap(MARGIN + max(widest, sheet.measure("query ↓", SMALL)) + 5.0)
    heading = max(sheet.measure(title, TITLE), sheet.measure(subtitle, SMALL))
    width = max(left + side + BAR_ROOM, min(_SIDE, MARGIN + heading + 1.0))
    top = headline(sheet, title, subtitle, width - MARGIN)
    top = sheet.snap(top + max(widest if upright else layout.size, 2.6 * SMALL) + 4.0)
    sheet.image(left, top, side, side, shade(pool(weights, layout.block), style))
    if bool(np.isnan(weights).all()):
        sheet.lines(np.array([[(left, top + side), (left + side, top)]]), QUIET, 0.4)
    sheet.frame(left, top, side, side, 0.5)
    borders = outline(cells, layout.cells, layout.block) * layout.side + (left, top)
    sheet.lines(borders, OUTLINE, min(0.75, 0.08 * layout.side))
    _axes(sheet, marks, layout, left, top, upright=upright)
    height = max(58.0, min(side, 120.0))
    draw_bar(sheet, weight_bar(sheet), left + side + 12.0, top, height)
    small_print = thinning_note(len(labels))
    bottom = notes(sheet, top + max(side, height) + 5.0, small_print, width - 2 * MARGIN)
    return sheet.figure(width + MARGIN, bottom + MARGIN)


def _axes(
    sheet: Sheet, marks: tuple[Tag, ...], layout: Plan, left: float, top: float, *, upright: bool
) -> None:
    """Label the rows at the left and the columns on top, and say which is which."""
    size = layout.size
    for mark in marks:
        centre = (mark.cell + 0.5) * layout.side
        across, along = left + centre, top + centre
        token_labels.write(sheet, left - 4.0, middle(along, size), mark, size, align="right")
        if upright:
            x = middle(across, size)
            token_labels.write(sheet, x, top - 4.0, mark, size, upright=True)
        else:
            token_labels.write(sheet, across, top - 4.0, mark, size, align="center")
    sheet.text(left - 4.0, top - 4.0 - 1.3 * SMALL, "key →", SMALL, QUIET, align="right")
    sheet.text(left - 4.0, top - 4.0, "query ↓", SMALL, QUIET, align="right")


def outline(cells: Iterable[tuple[int, int]], count: int, block: int = 1) -> NDArray[np.float64]:
    """The border of a set of (query, key) cells in a square of `count` cells a side.

    Returns segments [segment, end, (x, y)] in units of cells. Borders between two cells of the
    set are left out, so that a strip has one outline and the weights inside stay visible.
    """
    chosen = np.zeros((count + 2, count + 2), dtype=bool)
    for query, key in cells:
        chosen[query // block + 1, key // block + 1] = True
    rows, columns = np.nonzero(chosen[1:, 1:-1] != chosen[:-1, 1:-1])
    flat = np.stack([columns, rows, columns + 1, rows], axis=1)
    rows, columns = np.nonzero(chosen[1:-1, 1:] != chosen[1:-1, :-1])
    steep = np.stack([columns, rows, columns, rows + 1], axis=1)
    return np.concatenate([flat, steep]).reshape(-1, 2, 2).astype(np.float64)
