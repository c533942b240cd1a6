"""All heads as small heatmaps: a row for each layer, a column for each head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from matplotlib.figure import Figure

from attnviz.drawing.drawing import Drawing, Panel
from attnviz.drawing.paper import (
    EDGE,
    PAGE,
    TALLEST,
    Paper,
    colour_bar,
    draw_legend,
    paper,
    top_of,
)
from attnviz.drawing.strips import strips
from attnviz.drawing.titles import lens_note, title
from attnviz.drawing.view import DrawingStyle, View
from attnviz.figures.captions import share_note
from attnviz.figures.layout import SMALL, middle
from attnviz.figures.palette import QUIET
from attnviz.figures.scale import shares
from attnviz.figures.sheet import Sheet
from attnviz.figures.tiles import Tiling, draw_tiles, numbered, shrink
from attnviz.figures.views import Floats

_MOST_TILE = 110.0
_NAMED_GUTTER = 8.0
_MOST_BLOCKS = 4
_LEAST_CELL = 0.6
_FINEST = 3.5
_NAME = 6.4


@dataclass(frozen=True)
class _Map:
    """The tiles by (row, column), and what is written at the rows' left and above the columns.

    Without `rows` each tile has its own name above it.
    """

    tiles: Mapping[tuple[int, int], Panel]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    height: int


@dataclass(frozen=True, slots=True)
class _Plan:
    """Rows of tiles in `count` blocks side by side, each `width` points and `rows` tiles.

    `numbers` is the room for those of the layers, `gap` that between blocks.
    """

    count: int
    rows: int
    width: float
    side: float
    gutter: float
    numbers: float
    gap: float


def draw(drawing: Drawing, style: DrawingStyle) -> Figure:
    """Draw all matrices as one image; of a query that was asked for, its row in each."""
    if drawing.query:
        return strips(drawing, style)
    page = paper(style, PAGE)
    sheet = page.sheet
    places = _places(drawing, page)
    plan = _arrange(page, places, drawing.panels[0].weights.shape)
    cells, block = _cells(drawing, style, plan.side)
    tiling = _tiling(places, plan, cells[drawing.panels[0].name].shape)
    used = EDGE + plan.numbers + (plan.count - 1) * (plan.width + plan.gap) + tiling.width
    page = page if page.fixed else paper(style, max(used, 230.0))
    page = replace(page, sheet=sheet)
    y = page.heading(title(drawing)) + (2.2 * SMALL if places.rows else _NAME * 1.4)
    for at in range(plan.count):
        rows = range(at * plan.rows, min((at + 1) * plan.rows, places.height))
        left = EDGE + plan.numbers + at * (plan.width + plan.gap)
        _draw_block(sheet, places, replace(tiling, rows=len(rows)), cells, (left, y), rows)
    bar = colour_bar(sheet, replace(style, scale=sheet.style.scale), 1.0, _scale_name(style))
    left = EDGE + plan.numbers
    y = draw_legend(sheet, bar, left, y + tiling.height + 5.0, page.width - plan.numbers)
    notes = [lens_note(drawing), "Rows are queries, columns keys.", share_note(block)]
    return page.figure(page.small_print(y, notes))


def _scale_name(style: DrawingStyle) -> str:
    return "of its own largest weight" if style.scale == "own" else "weight"


def _places(drawing: Drawing, page: Paper) -> _Map:
    """Layers down and heads across; matrices that are of no single head wrapped in order."""
    panels = drawing.panels
    heads = [panel for panel in panels if panel.layer is not None and panel.head is not None]
    if len(heads) == len(panels):
        rows = sorted({panel.layer for panel in heads if panel.layer is not None})
        columns = sorted({panel.head for panel in heads if panel.head is not None})
        tiles = {
            (rows.index(panel.layer), columns.index(panel.head)): panel
            for panel in heads
            if panel.layer is not None and panel.head is not None
        }
        return _Map(tiles, tuple(map(str, rows)), tuple(map(str, columns)), len(rows))
    across = max(range(1, len(panels) + 1), key=lambda count: _named_side(page, panels, count))
    wrapped = {divmod(index, across): panel for index, panel in enumerate(panels)}
    return _Map(wrapped, (), ("",) * across, ceil(len(panels) / across))


def _named_side(page: Paper, panels: Sequence[Panel], across: int) -> float:
    """How wide tiles with names are when so many stand side by side; in points, whole ones."""
    tall, wide = panels[0].weights.shape
    rows = ceil(len(panels) / across)
    down = (TALLEST / rows - _NAME * 3.0) * wide / tall
    return float(round(min(page.width / across - _NAMED_GUTTER, down, _MOST_TILE)))


def _arrange(page: Paper, places: _Map, shape: tuple[int, ...]) -> _Plan:
    """The blocks that let tiles be largest; the fewest of these."""
    heads, ratio = len(places.columns), shape[0] / shape[1]
    gutter = 1.5 if page.width / heads < 25.0 else 3.0 if places.rows else _NAMED_GUTTER
    numbers, name = 0.0, _NAME * 1.5
    if places.rows:
        labels = (*places.rows, "layer ↓")
        numbers = max(page.sheet.measure(text, SMALL) for text in labels) + 5.0
        name = 0.0
    best = _Plan(1, places.height, 0.0, 0.0, gutter, numbers, numbers + 3 * gutter)
    for count in range(1, min(_MOST_BLOCKS, places.height) + 1):
        rows = ceil(places.height / count)
        width = (page.width - numbers - (count - 1) * best.gap) / count
        across = (width + gutter) / heads - gutter
        down = (TALLEST + gutter) / rows - gutter - name
        side = min(across, down / ratio, _MOST_TILE)
        if side > best.side * 1.05:
            width = heads * (side + gutter) - gutter
            blocks = ceil(places.height / rows)
            best = replace(best, count=blocks, rows=rows, width=width, side=side)
    return best


def _cells(drawing: Drawing, style: DrawingStyle, side: float) -> tuple[Mapping[str, Floats], int]:
    """The cells of each matrix, pooled so that they can be seen, and the tokens a cell."""
    cells, block = {}, 1
    for panel in drawing.panels:
        means, block = shrink(panel.weights, max(4, int(side / _LEAST_CELL)))
        weights = shares(means, len(drawing.keys), block)
        cells[panel.name] = weights / top_of(weights, style)
    return cells, block


def _tiling(places: _Map, plan: _Plan, cells: tuple[int, ...]) -> Tiling:
    """Tiles whose block is as wide as planned; a gutter is whole pixels of the image."""
    tall, wide = cells
    heads = len(places.columns)
    split = ceil(plan.side / wide / min(plan.gutter, _FINEST))
    across = max(1, round(plan.gutter * wide * split / plan.side))
    pixel = plan.width / (heads * wide * split + (heads - 1) * across)
    down = across if places.rows else ceil(_NAME * 1.5 / pixel)
    return Tiling(plan.rows, heads, tall, wide, split, pixel, across, down)


def _draw_block(
    sheet: Sheet,
    places: _Map,
    tiling: Tiling,
    cells: Mapping[str, Floats],
    corner: tuple[float, float],
    rows: range,
) -> None:
    """Draw some rows of tiles from a corner, with their numbers or names."""
    left, top = corner
    shown = {
        (row - rows.start, column): panel
        for (row, column), panel in places.tiles.items()
        if row in rows
    }
    tiles = {place: cells[panel.name] for place, panel in shown.items()}
    draw_tiles(sheet, left, top, tiling, tiles)
    if places.rows:
        _number(sheet, places, tiling, corner, rows)
        return
    for place, panel in shown.items():
        x, y = tiling.corner(*place)
        sheet.text(left + x, top + y - 2.5, panel.name, _NAME, QUIET)


def _number(
    sheet: Sheet, places: _Map, tiling: Tiling, corner: tuple[float, float], rows: range
) -> None:
    """Number heads and layers."""
    left, top = corner
    wide = max(sheet.measure(name, SMALL) for name in places.columns) + 3.0
    for column in numbered(tiling.columns, tiling.corner(0, 1)[0], wide):
        x = left + tiling.corner(0, column)[0] + tiling.tile_width / 2
        sheet.text(x, top - 4.0, places.columns[column], SMALL, QUIET, align="center")
    for row in numbered(tiling.rows, tiling.corner(1, 0)[1], SMALL):
        y = middle(top + tiling.corner(row, 0)[1] + tiling.tile_height / 2, SMALL)
        sheet.text(left - 4.0, y, places.rows[rows.start + row], SMALL, QUIET, align="right")
    sheet.text(left, top - 4.0 - 1.3 * SMALL, "head →", SMALL, QUIET)
    if rows.start == 0:
        sheet.text(left - 4.0, top - 4.0, "layer ↓", SMALL, QUIET, align="right")


VIEW = View(
    name="mosaic",
    title="Mosaic",
    about="All heads as small heatmaps: a row for each layer, a column for each head.",
    draw=draw,
    order=20,
)
