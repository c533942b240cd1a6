"""Outlines around sets of cells of a heatmap, told apart by colour and line, and their legend."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attnviz.figures.layout import MARGIN, SMALL, middle, wrap
from attnviz.figures.palette import INK, OUTLINE, PAPER, QUIET
from attnviz.figures.sheet import Sheet

Segments = NDArray[np.float64]
"""Straight lines [segment, end, (x, y)]."""

_LINE = 0.9
_THIN = 0.1
_STEP = 1.5
"""Points between the outlines of two sets that share cells."""

_HALO = 0.9
"""By how much a light line under each is wider, so that it stands out from dark cells."""

_DASH, _GAP = 2.4, 1.6
_SWATCH = 6.4
_LEADING = 1.5


@dataclass(frozen=True, slots=True)
class Outline:
    """A set of (query, key) cells with a line around it, and what the legend `says` of it.

    Without cells it is only named.
    """

    cells: tuple[tuple[int, int], ...]
    says: str = ""
    colour: str = OUTLINE
    dashed: bool = False


def draw_outlines(
    sheet: Sheet,
    outlines: Sequence[Outline],
    shape: tuple[int, int],
    side: float,
    corner: tuple[float, float],
) -> None:
    """Draw the outlines on cells of `side` points, those that share cells inside one another."""
    before: list[set[tuple[int, int]]] = []
    for each in outlines:
        own = set(each.cells)
        inside = min(sum(bool(own & other) for other in before) * _STEP / side, 0.35)
        before.append(own)
        borders = outline(each.cells, *shape, inset=inside) * side + corner
        line = min(_LINE, _THIN * side)
        sheet.lines(borders, PAPER, line + _HALO)
        sheet.lines(_dashes(borders) if each.dashed else borders, each.colour, line)


def legend(sheet: Sheet, outlines: Sequence[Outline], y: float, width: float) -> float:
    """Say from `y` down what each outline is, with a bit of its line; returns the y below."""
    told = [each for each in outlines if each.says]
    left = MARGIN + _SWATCH + 5.0
    for each in told:
        lines = wrap(sheet, each.says, SMALL, width - left + MARGIN)
        if each.cells:
            square = outline([(0, 0)], 1, 1) * _SWATCH + (MARGIN, y - 0.5)
            sheet.lines(_dashes(square) if each.dashed else square, each.colour, _LINE)
        for number, line in enumerate(lines):
            level = middle(y - 0.5 + _SWATCH / 2 + number * SMALL * _LEADING, SMALL)
            sheet.text(left, level, line, SMALL, INK if each.cells else QUIET)
        y += len(lines) * SMALL * _LEADING
    return y + 5.0 if told else y


def outline(
    cells: Iterable[tuple[int, int]], rows: int, columns: int, *, inset: float = 0.0
) -> Segments:
    """The border of a set of (query, key) cells among `rows` x `columns`, in units of cells.

    Borders between two cells of the set are left out, so that a strip has one outline and the
    weights inside stay visible. `inset` moves it inwards. Neighbouring pieces of a line are one.
    """
    chosen = np.zeros((rows + 2, columns + 2), dtype=bool)
    places = np.array(list(cells), dtype=np.intp).reshape(-1, 2) + 1
    chosen[places[:, 0], places[:, 1]] = True
    flat = [_edges(chosen, inset), _edges(chosen[::-1], inset) * (1, -1) + (0, rows)]
    turned = np.ascontiguousarray(chosen.T)
    steep = [_edges(turned, inset), _edges(turned[::-1], inset) * (1, -1) + (0, columns)]
    return np.concatenate([*flat, *(lines[..., ::-1] for lines in steep)])


def _edges(chosen: NDArray[np.bool_], inset: float) -> Segments:
    """The upper borders of a set that has a margin of one cell; an end at a corner gives way."""
    lines = []
    for row in range(1, len(chosen) - 1):
        top = chosen[row] & ~chosen[row - 1]
        starts = np.flatnonzero(top[1:] & ~top[:-1]) + 1
        ends = np.flatnonzero(top[:-1] & ~top[1:]) + 1
        y = row - 1 + inset
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            # Beside the end the set goes on, as a step upwards, or not: then this is a corner.
            left = -inset if chosen[row, start - 1] else inset
            right = inset if chosen[row, end] else -inset
            lines.append(((start - 1 + left, y), (end - 1 + right, y)))
    return np.array(lines, dtype=np.float64).reshape(-1, 2, 2)


def _dashes(segments: Segments) -> Segments:
    """The same lines in dashes of points, each line beginning and ending with one."""
    pieces = []
    for start, end in segments:
        length = float(np.abs(end - start).sum())
        count = max(1, round((length + _GAP) / (_DASH + _GAP)))
        dash = max((length - (count - 1) * _GAP) / count, length * 0.5 / count)
        gap = (length - count * dash) / max(1, count - 1)
        way = (end - start) / max(length, 1e-9)
        for number in range(count):
            at = start + way * number * (dash + gap)
            pieces.append((at, at + way * dash))
    return np.array(pieces, dtype=np.float64).reshape(-1, 2, 2)
