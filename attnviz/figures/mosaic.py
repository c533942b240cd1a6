"""Every head of the model on one sentence, in one image."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import ceil

import numpy as np
from matplotlib.figure import Figure

from attnviz.figures.kind import FigureStyle, SentenceFigure
from attnviz.figures.layout import (
    BAR_ROOM,
    MARGIN,
    SMALL,
    draw_bar,
    headline,
    middle,
    notes,
    weight_bar,
)
from attnviz.figures.palette import QUIET
from attnviz.figures.sheet import Sheet
from attnviz.figures.tiles import Tiling, draw_tiles, numbered, shrink, tiling
from attnviz.figures.views import Floats, SentenceView
from attnviz.figures.words import READ_MATRIX, block_note, plural, quoted

_WIDTH = 500.0
_HEIGHT = 620.0
_MOST_CELL = 9.0
_LEAST_CELL = 0.48
_GUTTER = 3.0
_NUMBERS = 32.0
_MOST_PANELS = 4


@dataclass(frozen=True, slots=True)
class _Panels:
    """Layers in `count` panels side by side, `rows` in each, of cells of `cell` points."""

    count: int
    rows: int
    cell: float


def draw(view: SentenceView, style: FigureStyle) -> Figure:
    """Draw all heads: a row per layer, a column per head; deep models in panels."""
    sheet = Sheet(style)
    layers, heads = view.attention.shape[:2]
    weights, block = shrink(view.attention, _most_cells(layers, heads))
    panels = _arrange(layers, heads, weights.shape[-1])
    plan = tiling(sheet, panels.rows, heads, weights.shape[-1], panels.cell, (_GUTTER, _GUTTER))
    step = plan.width + _NUMBERS
    width = max(MARGIN + panels.count * step + BAR_ROOM, 200.0)
    title = f"All {layers} × {heads} heads, sentence {view.id}"
    top = sheet.snap(headline(sheet, title, "", width - MARGIN) + 2.2 * SMALL)
    for panel in range(panels.count):
        left = sheet.snap(MARGIN + panel * step + _NUMBERS)
        first = panel * panels.rows
        _panel(sheet, left, top, plan, weights[first : first + panels.rows], first)
    bar = max(58.0, min(plan.height, 120.0))
    draw_bar(sheet, weight_bar(sheet), MARGIN + panels.count * step + 12.0, top, bar)
    small_print = block_note(view.block * block)
    bottom = notes(sheet, top + max(plan.height, bar) + 5.0, small_print, width - MARGIN)
    return sheet.figure(width + MARGIN, bottom + MARGIN)


def _panel(
    sheet: Sheet, left: float, top: float, plan: Tiling, weights: Floats, first: int
) -> None:
    """Draw some layers [layer, head, query, key], numbered from `first`."""
    places = np.ndindex(weights.shape[0], weights.shape[1])
    tiles = {(row, column): weights[row, column] for row, column in places}
    draw_tiles(sheet, left, top, plan, tiles)
    wide = sheet.measure(str(plan.columns), SMALL) + 3.0
    for head in numbered(plan.columns, plan.corner(0, 1)[0], wide):
        x = left + plan.corner(0, head)[0] + plan.side / 2
        sheet.text(x, top - 4.0, str(head), SMALL, QUIET, align="center")
    for row in numbered(weights.shape[0], plan.corner(1, 0)[1], SMALL):
        y = middle(top + plan.corner(row, 0)[1] + plan.side / 2, SMALL)
        sheet.text(left - 4.0, y, str(first + row), SMALL, QUIET, align="right")
    sheet.text(left, top - 4.0 - 1.3 * SMALL, "head →", SMALL, QUIET)
    if first == 0:
        sheet.text(left - 4.0, top - 4.0, "layer ↓", SMALL, QUIET, align="right")


def _arrange(layers: int, heads: int, cells: int) -> _Panels:
    """The number of panels that lets cells be largest; as few as possible where they tie."""
    best = _Panels(1, layers, 0.0)
    for count in range(1, min(_MOST_PANELS, layers) + 1):
        rows = ceil(layers / count)
        across = (_WIDTH - count * (_NUMBERS + heads * _GUTTER)) / (count * heads * cells)
        down = (_HEIGHT - rows * _GUTTER) / (rows * cells)
        cell = min(across, down, _MOST_CELL)
        if cell > best.cell * 1.05:
            best = _Panels(ceil(layers / rows), rows, cell)
    return _Panels(best.count, best.rows, max(best.cell, _LEAST_CELL))


def _most_cells(layers: int, heads: int) -> int:
    """The cells a tile may have before one of them is less than a pixel at 150 dpi."""
    found = [
        min(
            (_WIDTH * 1.4 / (count * heads) - _GUTTER) / _LEAST_CELL,
            (_HEIGHT * 1.4 / ceil(layers / count) - _GUTTER) / _LEAST_CELL,
        )
        for count in range(1, _MOST_PANELS + 1)
    ]
    return max(8, int(max(found)))


def caption(view: SentenceView) -> str:
    """How many heads give most of their attention to one token, and which."""
    present = ~np.isnan(view.attention).any(axis=(-2, -1))
    flat = view.attention[present].mean(axis=-2)  # [head, key]
    strong = flat[flat.max(axis=-1) * view.block > 0.5]
    total = plural(len(flat), "head")
    if not len(strong):
        finding = f"None of the {total} gives half of its attention to a single token."
    else:
        key, count = Counter(strong.argmax(axis=-1).tolist()).most_common(1)[0]
        token = view.labels[key * view.block]
        most = "all" if count == len(strong) else f"{count} of them"
        place = quoted(token) if view.block == 1 else f"the tokens from {quoted(token)} on"
        finding = (
            f"{len(strong)} of {total} give more than half of their attention to one token"
            f"{'' if view.block == 1 else ' or its neighbours'}, {most} to {place}."
        )
    reading = (
        f"A row for each layer, a column for each head; in each square, {READ_MATRIX.lower()}."
    )
    _, block = shrink(view.attention, _most_cells(*view.attention.shape[:2]))
    return " ".join(part for part in (finding, reading, block_note(view.block * block)) if part)


FIGURE = SentenceFigure(
    name="mosaic",
    title="All heads",
    about="All heads of the model on one sentence, in one image.",
    formula="a_ij of every head",
    source="Vig 2019 (model view)",
    draw=draw,
    caption=caption,
    order=10,
)
