"""Draws edges between tokens: arcs over one row, curves between two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.path import Path
from numpy.typing import NDArray

from attnviz.drawing.drawing import Drawing
from attnviz.drawing.edges import Edge, Edges
from attnviz.drawing.heatmap import hundredths
from attnviz.drawing.paper import EDGE, Paper, colours
from attnviz.drawing.row import Row, edges_of, row, write_row
from attnviz.figures.palette import INK, PAPER, hexadecimal
from attnviz.figures.sheet import Sheet

_TALLEST = 130.0
_LOWEST = 9.0
_LOOP = 4.0
_STUB = 1.5
_LINE = (0.5, 2.2)
_TIP = 2.0
_APART = 64.0
_NUMBER = 5.4

Drawn = tuple[float, int, bool]
"""The y below what was drawn, the number of values left out, whether arcs are on both sides."""


@dataclass(frozen=True)
class _Curve:
    """A curve [vertex, (x, y)] of matplotlib's codes that ends at its key, with its middle.

    `down` is 1 where the tip points down, -1 where it points up.
    """

    edge: Edge
    vertices: NDArray[np.float64]
    codes: Sequence[np.uint8]
    middle: tuple[float, float]
    down: int


def draw_arcs(page: Paper, drawing: Drawing, edges: Edges, top: float, y: float) -> Drawn:
    """Draw the tokens in a row, arcs to the left of their query above it, to the right below.

    A model that sees only what comes before has all arcs above.
    """
    tokens = row(page, drawing.keys)
    x = tokens.centres
    below = [edge for edge in edges.edges if not drawing.causal and x[edge.key] > x[edge.query]]
    above = [edge for edge in edges.edges if edge not in below]
    align = 0.5 if above and below else 1.0 if below else 0.0
    heights = {edge: _height(page, edges, tokens, edge) for edge in edges.edges}
    room = 4.0 + (_NUMBER if page.style.values else 0.0)
    upper = y + max((heights[edge] for edge in above), default=0.0) + room * bool(above)
    lower = upper + tokens.height
    curves = []
    for edge in edges.edges:
        up = edge in above
        base = upper - _STUB if up else lower + _STUB
        ends = [
            edges_of(tokens, place, upper, align)[0 if up else 1]
            for place in (edge.query, edge.key)
        ]
        curves.append(_arc(tokens, edge, heights[edge], base, ends, down=1 if up else -1))
    hidden = _draw(page, curves, top)
    write_row(page.sheet, tokens, upper, align, drawing.query)
    bottom = lower + max((heights[edge] for edge in below), default=0.0) + room * bool(below)
    return bottom, hidden, bool(above and below)


def draw_cross(page: Paper, drawing: Drawing, edges: Edges, top: float, y: float) -> Drawn:
    """Draw the keys in a row, the queries in another below, and curves between them."""
    keys, queries = row(page, drawing.keys), row(page, drawing.queries)
    upper, lower = y + keys.height + _STUB, y + keys.height + _APART - _STUB
    half = (upper + lower) / 2
    codes = (Path.MOVETO, *[Path.CURVE4] * 3)
    curves = []
    for edge in edges.edges:
        start, end = queries.centres[edge.query], keys.centres[edge.key]
        points = np.array([(start, lower), (start, half), (end, half), (end, upper + _TIP)])
        middle = (start + end) / 2, half + _NUMBER / 2
        curves.append(_Curve(edge, points, codes, middle, down=-1))
    hidden = _draw(page, curves, top)
    write_row(page.sheet, keys, y, 1.0)
    write_row(page.sheet, queries, lower + _STUB, 0.0, drawing.query)
    return lower + _STUB + queries.height, hidden, False


def _width(edge: Edge) -> float:
    """The width of an edge's line, linear in its weight."""
    return _LINE[0] + _LINE[1] * edge.weight


def _height(page: Paper, edges: Edges, tokens: Row, edge: Edge) -> float:
    """The height of an arc: the farther, the higher, so that arcs nest."""
    if edge.query == edge.key:
        return _LOWEST
    spans = [abs(tokens.centres[e.query] - tokens.centres[e.key]) for e in edges.edges]
    span = abs(tokens.centres[edge.query] - tokens.centres[edge.key])
    tallest = min(0.5 * max(spans), 0.3 * page.width, _TALLEST)
    return float(max(tallest * (span / max(spans)) ** 0.75, _LOWEST))


def _arc(
    tokens: Row, edge: Edge, height: float, base: float, ends: list[float], *, down: int
) -> _Curve:
    """An arc over `base` (under it where `down` is -1), with stubs to the ends of the labels."""
    start, end = tokens.centres[edge.query], tokens.centres[edge.key]
    if edge.query == edge.key:
        start, end = max(start - _LOOP, EDGE - 1.0), end + _LOOP * 0.4
        base = ends[0] - down * _STUB
    foot = 0.5 + _width(edge) / 2
    crest = base - down * height * 4.0 / 3.0
    tip = ends[1] - down * (_TIP + 0.5)
    points = [(start, ends[0] - down * foot), (start, base), (start, crest), (end, crest)]
    points += [(end, base - down * _TIP), (end, tip)]
    codes = (Path.MOVETO, Path.LINETO, *[Path.CURVE4] * 3, Path.LINETO)
    middle = (start + end) / 2, base - down * height - 1.5 * down + (0.0 if down > 0 else _NUMBER)
    return _Curve(edge, np.array(points), codes, middle, down)


def _draw(page: Paper, curves: list[_Curve], top: float) -> int:
    """Draw curves in their order, the strongest last; returns the number of values left out."""
    sheet = page.sheet
    for curve in curves:
        weight = curve.edge.weight
        colour = hexadecimal(colours(sheet, np.array([[weight]]), top)[0, 0].tolist())
        path = Path(curve.vertices, curve.codes)
        sheet.path(path, fill=None, edge=colour, line=_width(curve.edge))
        _tip(sheet, curve, colour, _TIP + weight)
    return _print_values(sheet, curves) if page.style.values else 0


def _tip(sheet: Sheet, curve: _Curve, colour: str, size: float) -> None:
    """Draw the tip at the key."""
    x, y = curve.vertices[-1]
    end = y + curve.down * _TIP
    back = end - curve.down * (size + _TIP)
    points = [(x, end), (x - size * 0.8, back), (x + size * 0.8, back), (x, end)]
    codes = (Path.MOVETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY)
    sheet.path(Path(np.array(points), codes), fill=colour, edge=None)


def _print_values(sheet: Sheet, curves: list[_Curve]) -> int:
    """Print the weights at the middles of curves, the strongest first, where none overlap."""
    taken: list[tuple[float, float]] = []
    wide = sheet.measure(".88", _NUMBER) + 1.5
    for curve in reversed(curves):
        x, y = curve.middle
        if any(abs(x - left) < wide and abs(y - top) < _NUMBER for left, top in taken):
            continue
        taken.append((x, y))
        left = max(x - wide / 2, EDGE)
        sheet.boxes([(left, y - _NUMBER + 0.8, wide, _NUMBER)], fill=PAPER)
        number = hundredths(curve.edge.weight)
        sheet.text(left + wide / 2, y, number, _NUMBER, INK, align="center")
    return len(curves) - len(taken)
