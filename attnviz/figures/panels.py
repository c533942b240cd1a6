"""Maps of layers x heads side by side, each under what it is called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from attnviz.figures.grid import Cells
from attnviz.figures.layout import SMALL
from attnviz.figures.margins import Margins, layer_width
from attnviz.figures.palette import INK
from attnviz.figures.sheet import Sheet

_ABOVE = 2.4 * SMALL + 2.0
_NAME = 12.0
_BETWEEN = 16.0
_SMALLEST = 2.0


@dataclass(frozen=True, slots=True)
class Panels:
    """The cells of each map, and where they end."""

    cells: tuple[Cells, ...]
    right: float
    bottom: float


def arrange(
    sheet: Sheet,
    maps: Sequence[Margins],
    corner: tuple[float, float],
    room: tuple[float, float],
    largest: tuple[float, float],
    beside: float = 0.0,
    abreast: float = inf,
) -> Panels:
    """Maps in rows from a corner, cells of one size, as large as the room and `largest` allow.

    `beside` is room at the right of each map, for a colour bar. Cells of more points than
    `abreast` are made smaller before maps are set in another row.
    """
    wide, high = largest
    while True:
        panels = _laid_out(sheet, maps, corner, room[0], (wide, high), beside)
        rows = {cells.top for cells in panels.cells}
        fits = panels.right <= corner[0] + room[0] and panels.bottom <= corner[1] + room[1]
        if (fits and (len(rows) == 1 or wide <= abreast)) or wide <= _SMALLEST:
            return panels
        wide, high = max(_SMALLEST, wide - 0.5), max(_SMALLEST, min(high, wide - 0.5))


def _laid_out(
    sheet: Sheet,
    maps: Sequence[Margins],
    corner: tuple[float, float],
    room: float,
    cell: tuple[float, float],
    beside: float,
) -> Panels:
    wide, high = (sheet.snap(side) for side in cell)
    most = max(len(margins.absent) for margins in maps)
    numbers = max(
        sheet.measure("layer ↓", SMALL), *(layer_width(sheet, each, most) for each in maps)
    )
    left = numbers + 6.0
    widths = [left + margins.absent.shape[1] * wide + beside for margins in maps]
    columns = max(1, int((room + _BETWEEN) // (max(widths) + _BETWEEN)))
    cells, right, y = [], corner[0], corner[1]
    for start in range(0, len(maps), columns):
        tallest, x = 0.0, corner[0]
        for margins in maps[start : start + columns]:
            layers, heads = margins.absent.shape
            top = sheet.snap(y + _NAME + _ABOVE)
            cells.append(Cells(sheet.snap(x + left), top, wide, high, layers, heads))
            right = max(right, x + left + heads * wide + beside)
            x += max(widths) + _BETWEEN
            tallest = max(tallest, _NAME + _ABOVE + layers * high)
        y += tallest + _BETWEEN
    return Panels(tuple(cells), right, y - _BETWEEN)


def name(sheet: Sheet, cells: Cells, text: str) -> None:
    """Write what a map is called above it, shortened to its width."""
    least = sheet.measure("layer ↓", SMALL) + 8.0
    room = max(cells.right - cells.left, 2 * SMALL) + least
    shown = text
    while len(shown) > 2 and sheet.measure(shown, 7.6) > room:
        shown = f"…{shown[2:]}" if shown.startswith("…") else f"…{shown[1:]}"
    sheet.text(cells.left - least + 3.0, cells.top - _ABOVE - 3.0, shown, 7.6, INK)
