"""Every head of the model on one sentence, in one image."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import ceil

import numpy as np
from matplotlib.figure import Figure

from attnviz.figures.captions import READ_MATRIX, block_note, location, plural, quoted, share_note
from attnviz.figures.figure import ReportFigure
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
from attnviz.figures.palette import QUIET
from attnviz.figures.scale import shares
from attnviz.figures.sheet import Sheet
from attnviz.figures.style import FigureStyle
from attnviz.figures.tiles import Tiling, arrange_tiles, draw_tiles, numbered, shrink
from attnviz.figures.views import Floats, SentenceView

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
    weights, _ = _cells(view)
    tall, wide = weights.shape[-2:]
    margins = _margins(view)
    numbers = _NUMBERS + max(0.0, layer_width(sheet, margins, layers) + 6.0 - _NUMBERS)
    panels = _arrange(layers, heads, (tall, wide))
    tiling = arrange_tiles(sheet, panels.rows, heads, (tall, wide), panels.cell, (_GUTTER, _GUTTER))
    step = tiling.width + numbers
    width = max(MARGIN + panels.count * step + BAR_ROOM, 200.0)
    title = f"All {layers} × {heads} heads, {location(view.id, view.stream)}"
    brackets = BRACKET_ROOM if margins.group > 1 else 0.0
    top = sheet.snap(headline(sheet, title, "", width - MARGIN) + 2.2 * SMALL + brackets)
    for panel in range(panels.count):
        left = sheet.snap(MARGIN + panel * step + numbers)
        first = panel * panels.rows
        _panel(sheet, left, top, tiling, weights[first : first + panels.rows], first, margins)
    bar = max(58.0, min(tiling.height, 120.0))
    draw_bar(sheet, weight_bar(sheet), MARGIN + panels.count * step + 12.0, top, bar)
    small_print = f"{_cell_note(view)} {margin_note(margins)}"
    bottom = notes(sheet, top + max(tiling.height, bar) + 5.0, small_print, width - MARGIN)
    return sheet.figure(width + MARGIN, bottom + MARGIN)


def _margins(view: SentenceView) -> Margins:
    absent = np.isnan(view.attention).all(axis=(-2, -1))
    return map_margins(np.asarray(absent), view.key_heads, view.windows)


def _cells(view: SentenceView) -> tuple[Floats, int]:
    """The cells [layer, head, query, key] pooled so that they fit, and the tokens a cell."""
    means, more = shrink(view.attention, _most_cells(*view.attention.shape[:2]))
    block = view.block * more
    return means if view.block == 1 else shares(means, len(view.keys), block), block


def _cell_note(view: SentenceView) -> str:
    _, block = _cells(view)
    return block_note(block) if view.block == 1 else share_note(block)


def _panel(
    sheet: Sheet,
    left: float,
    top: float,
    tiling: Tiling,
    weights: Floats,
    first: int,
    margins: Margins,
) -> None:
    """Draw some layers [layer, head, query, key], numbered from `first`."""
    gaps = [row for row in range(len(weights)) if first + row in margins.gaps]
    places = (place for place in np.ndindex(weights.shape[:2]) if place[0] not in gaps)
    tiles = {(row, column): weights[row, column] for row, column in places}
    draw_tiles(sheet, left, top, tiling, tiles)
    levels = [top + tiling.corner(row, 0)[1] for row in gaps]
    strike(sheet, [(left, y, tiling.width, tiling.tile_height) for y in levels])
    wide = sheet.measure(str(tiling.columns), SMALL) + 3.0
    for head in numbered(tiling.columns, tiling.corner(0, 1)[0], wide):
        x = left + tiling.corner(0, head)[0] + tiling.tile_width / 2
        sheet.text(x, top - 4.0, str(head), SMALL, QUIET, align="center")
    for row in numbered(weights.shape[0], tiling.corner(1, 0)[1], SMALL):
        y = middle(top + tiling.corner(row, 0)[1] + tiling.tile_height / 2, SMALL)
        write_layer(sheet, left - 4.0, y, first + row, margins)
    above = top - 4.0 - 1.3 * SMALL
    if margins.group > 1:
        starts = [left + tiling.corner(0, head)[0] for head in range(tiling.columns)]
        ends = [start + tiling.tile_width for start in starts]
        draw_brackets(sheet, starts, ends, margins.group, above + 2.0)
        above -= BRACKET_ROOM
    sheet.text(left, above, "head →", SMALL, QUIET)
    if first == 0:
        sheet.text(left - 4.0, top - 4.0, "layer ↓", SMALL, QUIET, align="right")


def _arrange(layers: int, heads: int, cells: tuple[int, int]) -> _Panels:
    """The panels that let `cells` (down, across) be largest; the fewest of these."""
    tall, wide = cells
    best = _Panels(1, layers, 0.0)
    for count in range(1, min(_MOST_PANELS, layers) + 1):
        rows = ceil(layers / count)
        across = (_WIDTH - count * (_NUMBERS + heads * _GUTTER)) / (count * heads * wide)
        down = (_HEIGHT - rows * _GUTTER) / (rows * tall)
        cell = min(across, down, _MOST_CELL)
        if cell > best.cell * 1.05:
            best = _Panels(ceil(layers / rows), rows, cell)
    return _Panels(best.count, best.rows, max(best.cell, _LEAST_CELL))


def _most_cells(layers: int, heads: int) -> int:
    """The cells a tile may have before one of them is less than a pixel at 150 dpi."""
    sides = [
        min(
            (_WIDTH * 1.4 / (count * heads) - _GUTTER) / _LEAST_CELL,
            (_HEIGHT * 1.4 / ceil(layers / count) - _GUTTER) / _LEAST_CELL,
        )
        for count in range(1, _MOST_PANELS + 1)
    ]
    return max(8, int(max(sides)))


def caption(view: SentenceView) -> str:
    """How many heads give most of their attention to one token, and which."""
    present = ~np.isnan(view.attention).any(axis=(-2, -1))
    cells = shares(view.attention[present], len(view.keys), view.block)
    flat = cells.mean(axis=-2)  # [head, key]
    strong = flat[flat.max(axis=-1) > 0.5]
    total = plural(len(flat), "head")
    if not len(strong):
        finding = f"None of the {total} gives half of its attention to a single token."
    else:
        key, count = Counter(strong.argmax(axis=-1).tolist()).most_common(1)[0]
        token = view.keys[key * view.block]
        most = "all" if count == len(strong) else f"{count} of them"
        place = quoted(token) if view.block == 1 else f"the tokens from {quoted(token)} on"
        finding = (
            f"{len(strong)} of {total} give more than half of their attention to one token"
            f"{'' if view.block == 1 else ' or its neighbours'}, {most} to {place}."
        )
    reading = (
        f"A row for each layer, a column for each head; in each square, {READ_MATRIX.lower()}."
    )
    return " ".join(part for part in (finding, reading, _cell_note(view)) if part)


FIGURE = ReportFigure(
    view=SentenceView,
    name="mosaic",
    title="All heads",
    about="All heads of the model on one sentence, in one image.",
    formula="a_ij of every head",
    source="Vig 2019 (model view)",
    draw=draw,
    caption=caption,
    order=10,
)
