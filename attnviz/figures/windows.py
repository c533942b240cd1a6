"""One head on a long text: a map of the whole text in blocks, and windows of single weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from attnviz.figures.captions import listing, place_range, share_note, two
from attnviz.figures.layout import (
    BAR_ROOM,
    MARGIN,
    SMALL,
    draw_bar,
    headline,
    middle,
    notes,
    round_ticks,
    weight_bar,
)
from attnviz.figures.matrix import (
    LEAST_CELL,
    ROOMY_CELL,
    Axes,
    CellGrid,
    block_of,
    cell_weights,
    draw_matrix,
    label_axes,
)
from attnviz.figures.outlines import Outline, legend
from attnviz.figures.palette import INK, PAPER, QUIET
from attnviz.figures.scale import shade
from attnviz.figures.sheet import Sheet
from attnviz.figures.style import FigureStyle
from attnviz.figures.views import HeadView, SentenceView, Window

_WIDTH = 650.0
_MAP_SIDE = 246.0
_MOST_MAP_CELL = 4.0
_WINDOW_SIDE = 240.0
_MOST_CELL = 16.0
_GUTTER = 18.0
_HEADING = 1.9 * SMALL
_LEAST_FRAME = 5.0
_LETTERS = "abc"
ELSEWHERE = "elsewhere"

Box = tuple[float, float, float, float]
"""The corner, the width and the height of a rectangle."""


def omitted(window: Window) -> NDArray[np.float64]:
    """The share of each query's attention that goes to keys outside of the window [query]."""
    shown = np.asarray(window.attention, dtype=np.float64).sum(axis=-1)
    return np.asarray(np.clip(1.0 - shown, 0.0, 1.0))


def windows_figure(
    view: SentenceView,
    head: HeadView,
    style: FigureStyle,
    *,
    title: str,
    outlines: Sequence[Outline] = (),
) -> Figure:
    """Draw the map of all blocks with the windows' frames, then each window with its labels."""
    sheet = Sheet(style)
    whole = _map_axes(sheet, view)
    windows = [(window, _window_axes(sheet, view, window)) for window in head.windows]
    sizes = [_map_size(whole), *(_window_size(sheet, window, axes) for window, axes in windows)]
    corners, width, height = _flow(sizes)
    below = headline(sheet, title, "", MARGIN + width)
    top = sheet.snap(legend(sheet, outlines, below, MARGIN + width))
    (x, y), *places = [(sheet.snap(MARGIN + x), sheet.snap(top + y)) for x, y in corners]
    _map(sheet, view, head, whole, x, y)
    for index, ((window, axes), place) in enumerate(zip(windows, places, strict=True)):
        _window(sheet, window, axes, outlines, place, letter(index))
    bottom = notes(sheet, top + height + 6.0, _small_print(whole.grid.block), width)
    return sheet.figure(2 * MARGIN + width, bottom + MARGIN)


def letter(index: int) -> str:
    """The name of a window."""
    return _LETTERS[index] if index < len(_LETTERS) else str(index + 1)


def _small_print(block: int) -> str:
    return (
        f"{share_note(block, 'In the map')} In the windows a cell is one weight, and "
        f"“{ELSEWHERE}” what the query gives to keys outside of the window. Tokens count from 0."
    ).strip()


def windows_note(view: SentenceView, windows: Sequence[Window]) -> str:
    """How to read the figure, and the share of attention that the windows leave out."""
    block = block_of(len(view.labels), len(view.keys))
    means = [two(float(omitted(window).mean())) for window in windows]
    names = [letter(index) for index in range(len(windows))]
    several = len(windows) > 1
    framed = (
        f"The window{'s' if several else ''} {listing(names)}, framed in the map, "
        f"{'show' if several else 'shows'} single weights: of a query's attention there, "
        f"{listing(means)} on average goes elsewhere (last column)."
    )
    return f"{share_note(block, 'In the map of the whole text')} {framed}".strip()


@dataclass(frozen=True, slots=True)
class _Map:
    """The map's cells and the room around them."""

    grid: CellGrid
    left: float
    above: float


def _map_axes(sheet: Sheet, view: SentenceView) -> _Map:
    """The cells of the map, and the room for the token numbers around it."""
    queries, keys = len(view.labels), len(view.keys)
    block = block_of(queries, keys)
    rows, columns = -(-queries // block), -(-keys // block)
    side = sheet.snap(min(_MAP_SIDE / max(rows, columns), _MOST_MAP_CELL))
    left = max(sheet.measure("query ↓", SMALL), sheet.measure(str(queries), SMALL) + 3.0) + 5.0
    return _Map(CellGrid(rows, columns, block, 1, side, SMALL), left, 2.6 * SMALL + 4.0)


def _map_size(whole: _Map) -> tuple[float, float]:
    height = max(whole.grid.height, 58.0)
    return whole.left + whole.grid.width + BAR_ROOM, _HEADING + whole.above + height


def _window_axes(sheet: Sheet, view: SentenceView, window: Window) -> Axes:
    """The cells and labels of a window; cells are as large as their labels need."""
    queries, keys = view.labels[slice(*window.queries)], view.keys[slice(*window.keys)]
    most = max(len(queries), len(keys))
    side = sheet.snap(min(max(_WINDOW_SIDE / most, LEAST_CELL), _MOST_CELL))
    size = 7.5 if side >= ROOMY_CELL else 6.6
    grid = CellGrid(len(queries), len(keys), 1, 1, side, size)
    axes = label_axes(sheet, grid, queries, keys)
    return replace(axes, above=max(axes.above, sheet.measure(ELSEWHERE, SMALL) + 4.0))


def _window_size(sheet: Sheet, window: Window, axes: Axes) -> tuple[float, float]:
    grid = axes.grid
    width = axes.left + grid.width + 1.5 * grid.side + 2.0
    heading = 2 * SMALL + sheet.measure(_ranges(window), SMALL)
    return max(width, heading), _HEADING + axes.above + grid.height


def _ranges(window: Window) -> str:
    """Which tokens a window shows."""
    return f"queries {place_range(window.queries)}, keys {place_range(window.keys)}"


def _flow(
    sizes: Sequence[tuple[float, float]],
) -> tuple[list[tuple[float, float]], float, float]:
    """Lay out panels of these sizes in lines: their corners, and the width and height of all."""
    corners: list[tuple[float, float]] = []
    x = y = line = 0.0
    for width, height in sizes:
        if corners and x + width > _WIDTH:
            x, y, line = 0.0, y + line + _GUTTER, 0.0
        corners.append((x, y))
        x, line = x + width + _GUTTER, max(line, height)
    widest = max(x + width for (x, _), (width, _) in zip(corners, sizes, strict=True))
    return corners, widest, y + line


def _map(sheet: Sheet, view: SentenceView, head: HeadView, whole: _Map, x: float, y: float) -> None:
    """Draw the blocks of the whole text, numbered, with the frames of the windows."""
    grid = whole.grid
    queries, keys = len(view.labels), len(view.keys)
    left, top = sheet.snap(x + whole.left), sheet.snap(y + _HEADING + whole.above)
    count = f"{queries} tokens" if queries == keys else f"{queries} × {keys} tokens"
    sheet.text(x, y + SMALL, f"all {count}", SMALL, INK)
    weights = cell_weights(head.attention, queries, keys)
    draw_matrix(sheet, Axes(grid, (), (), 0.0, 0.0, upright=False), weights, left, top)
    _numbers(sheet, grid, queries, left, top, upright=True)
    _numbers(sheet, grid, keys, left, top, upright=False)
    _frames(sheet, head.windows, grid, left, top)
    height = max(58.0, min(grid.height, 120.0))
    draw_bar(sheet, weight_bar(sheet), left + grid.width + 12.0, top, height)


def _numbers(
    sheet: Sheet, grid: CellGrid, tokens: int, left: float, top: float, *, upright: bool
) -> None:
    """Write round token numbers along an axis of the map, each with a tick."""
    marks, _ = round_ticks(float(tokens))
    scale = grid.side / grid.block
    ticks = []
    for mark in (round(mark) for mark in marks[1:] if mark <= tokens):
        at = mark * scale
        if upright:
            y = middle(top + at, SMALL)
            sheet.text(left - 4.0, y, str(mark), SMALL, QUIET, align="right")
            ticks.append([(left - 2.5, top + at), (left, top + at)])
        else:
            sheet.text(left + at, top - 4.0, str(mark), SMALL, QUIET, align="center")
            ticks.append([(left + at, top - 2.5), (left + at, top)])
    sheet.lines(np.array(ticks), QUIET, 0.4)


def _frames(
    sheet: Sheet, windows: Sequence[Window], grid: CellGrid, left: float, top: float
) -> None:
    """Frame the windows on the map, each with its letter at its right."""
    scale = grid.side / grid.block
    frames = []
    for window in windows:
        x, width = _stretch(window.keys, scale)
        y, height = _stretch(window.queries, scale)
        frames.append((left + x, top + y, width, height))
    sheet.boxes(frames, edge=INK, line=0.7)
    occupied = list(frames)
    for index, (x, y, width, height) in enumerate(frames):
        centre, wide = y + height / 2, sheet.measure(letter(index), SMALL) + 2.0
        box = (x + width + 2.0, centre - SMALL / 2, wide, SMALL)
        while any(_overlap(box, other) for other in occupied):
            box = (box[0] + 2.0, *box[1:])
        occupied.append(box)
        sheet.boxes([box], fill=PAPER)
        sheet.text(box[0] + 1.0, middle(centre, SMALL), letter(index), SMALL, INK)


def _overlap(first: Box, second: Box) -> bool:
    """Whether two boxes (x, y, width, height) overlap."""
    across = first[0] < second[0] + second[2] and second[0] < first[0] + first[2]
    return across and first[1] < second[1] + second[3] and second[1] < first[1] + first[3]


def _stretch(tokens: tuple[int, int], scale: float) -> tuple[float, float]:
    """The start and length of a range of tokens on the map, at least `_LEAST_FRAME` points."""
    begin, end = (place * scale for place in tokens)
    more = max(0.0, _LEAST_FRAME - (end - begin)) / 2
    return begin - more, end - begin + 2 * more


def _window(
    sheet: Sheet,
    window: Window,
    axes: Axes,
    outlines: Sequence[Outline],
    corner: tuple[float, float],
    name: str,
) -> None:
    """Draw one window from its corner: a heading, the weights, what goes elsewhere."""
    grid, (x, y) = axes.grid, corner
    left, top = sheet.snap(x + axes.left), sheet.snap(y + _HEADING + axes.above)
    sheet.text(x, y + SMALL, name, SMALL, INK)
    sheet.text(x + 2 * SMALL, y + SMALL, _ranges(window), SMALL, QUIET)
    within = [replace(each, cells=tuple(inside(each.cells, window))) for each in outlines]
    draw_matrix(sheet, axes, window.attention, left, top, within)
    beside = sheet.snap(left + grid.width + 0.5 * grid.side)
    column = shade(omitted(window)[:, None], sheet.style)
    sheet.image(beside, top, grid.side, grid.height, column)
    sheet.frame(beside, top, grid.side, grid.height, 0.5)
    centre = middle(beside + grid.side / 2, SMALL)
    sheet.text(centre, top - 4.0, ELSEWHERE, SMALL, QUIET, upright=True)


def inside(cells: Sequence[tuple[int, int]], window: Window) -> list[tuple[int, int]]:
    """The cells in the window, counted from its corner."""
    places = np.array(cells, dtype=np.intp).reshape(-1, 2) - (window.queries[0], window.keys[0])
    within = ((places >= 0) & (places < window.attention.shape)).all(axis=1)
    return [(int(query), int(key)) for query, key in places[within]]
