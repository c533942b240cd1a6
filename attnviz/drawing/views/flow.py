"""How attention runs through the layers to a token: tokens in rows, layers in columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.path import Path

from attnviz.drawing.drawing import Drawing, FlowEnds
from attnviz.drawing.flow_lines import Lines, ends_of, lines_of, reading, rule
from attnviz.drawing.heatmap import hundredths
from attnviz.drawing.paper import (
    EDGE,
    LEAST,
    PITCH,
    TALLEST,
    Paper,
    colour_bar,
    colours,
    draw_legend,
    paper,
    size_for,
)
from attnviz.drawing.titles import lens_note, title
from attnviz.drawing.view import DrawingStyle, View
from attnviz.errors import UsageError
from attnviz.figures import labels as token_labels
from attnviz.figures.captions import plural
from attnviz.figures.labels import Tag
from attnviz.figures.layout import middle
from attnviz.figures.palette import INK, QUIET, hexadecimal
from attnviz.figures.sheet import Sheet

_MANY = 60
"""Of more tokens those that no edge touches are left out."""

_HIGH, _STEP, _NUMBER, _LONGEST = 12.0, (7.0, 46.0), 5.4, 54.0
_LINE = (0.4, 4.0)
_DOT = (0.5, 2.4)
_CODES = (Path.MOVETO, *[Path.CURVE4] * 3)
_ROUND = 0.5523
"""Control points of a quarter of a circle."""


@dataclass(frozen=True)
class _Grid:
    """Where nodes stand: `rows` are the tokens that have one, from `top` down.

    `left` is the x of the inputs, `step` the distance of layers, `high` that of rows.
    """

    rows: tuple[int, ...]
    tags: tuple[Tag, ...]
    left: float
    step: float
    high: float
    top: float

    def x(self, level: int) -> float:
        return self.left + level * self.step

    def y(self, token: int) -> float:
        return self.top + (self.rows.index(token) + 0.5) * self.high


def draw(drawing: Drawing, style: DrawingStyle) -> Figure:
    """Draw the edges that carry most.

    UsageError for a drawing of no flow, and where the page has too little room.
    """
    ends, lines = ends_of(drawing), lines_of(drawing)
    rows = _rows(drawing, ends, lines)
    page = _page(drawing, style)
    y = page.heading(title(drawing)) + 2.0
    grid = _grid(page, drawing, ends, rows, y)
    _draw_lines(page, grid, lines)
    _draw_nodes(page.sheet, grid, drawing, ends)
    _write(page.sheet, grid, drawing, ends)
    bottom = grid.top + len(rows) * grid.high
    plain = DrawingStyle(style.figure) if style.scale == "own" else style
    bar = colour_bar(page.sheet, plain, 1.0, "share of the flow")
    below = draw_legend(page.sheet, bar, EDGE, bottom + 6.0, page.width)
    notes = [_way(), reading(drawing), rule(drawing, lines), lens_note(drawing)]
    if hidden := len(drawing.keys) - len(rows):
        notes.append(f"{plural(hidden, 'token')} without an edge left out.")
    return page.figure(page.small_print(below, notes))


def _way() -> str:
    return (
        "Lines lead from tokens before a layer, at the left, to those after it; the wider, the "
        "larger the share of the flow."
    )


def _rows(drawing: Drawing, ends: FlowEnds, lines: Lines) -> tuple[int, ...]:
    """The tokens that have a row. UsageError where there are more than a page can name."""
    every = range(len(drawing.keys))
    touched = {place for line in lines.lines for place in (line.query, line.key)}
    touched |= {*ends.target, *ends.source}
    rows = tuple(every) if len(every) <= _MANY else tuple(sorted(touched))
    if len(rows) > (most := int(TALLEST / (LEAST * PITCH))):
        raise UsageError(
            f"Flow has room for {most} tokens, and {len(rows)} have an edge here.",
            "Take a shorter sentence or --words, or write the numbers with -o flow.csv.",
        )
    return rows


def _page(drawing: Drawing, style: DrawingStyle) -> Paper:
    natural = 2 * _LONGEST + 40.0 + len(drawing.panels) * 26.0
    return paper(style, max(natural, 260.0))


def _grid(page: Paper, drawing: Drawing, ends: FlowEnds, rows: tuple[int, ...], y: float) -> _Grid:
    """Labels at the left, then columns as far apart as the page lets them be."""
    sheet = page.sheet
    high = min(_HIGH, max(TALLEST / len(rows), LEAST * PITCH))
    size = size_for(high)
    longest = min(_LONGEST, page.width * 0.2)
    tags = tuple(
        Tag(place, token_labels.shorten(sheet, drawing.keys[place], size, longest))
        for place in rows
    )
    wide = max(token_labels.width(sheet, tag, size) for tag in tags)
    numbers = sheet.measure(".88", _NUMBER) + 4.0
    last = max(token_labels.width(sheet, tag, size) for tag in tags if tag.cell in ends.target)
    left = EDGE + wide + numbers + 4.0
    free = EDGE + page.width - left - last - 6.0
    step = min(free / len(drawing.panels), _STEP[1])
    if step < _STEP[0] and page.fixed and step < 2.0:
        raise UsageError(
            f"{plural(len(drawing.panels), 'layer')} have no room in this width.",
            "Make it wider with --size.",
        )
    return _Grid(rows, tags, left, step, high, y + 10.0)


def _draw_lines(page: Paper, grid: _Grid, lines: Lines) -> None:
    """Draw the edges, the strongest last."""
    for line in lines.lines:
        start, end = grid.x(line.level), grid.x(line.level + 1)
        half = (start + end) / 2
        upper, lower = grid.y(line.key), grid.y(line.query)
        points = np.array([(start, upper), (half, upper), (half, lower), (end, lower)])
        pixel = colours(page.sheet, np.array([[line.share]]), 1.0)[0, 0]
        width = _LINE[0] + _LINE[1] * line.share
        colour = hexadecimal(pixel.tolist())
        page.sheet.path(Path(points, _CODES), fill=None, edge=colour, line=width)


def _draw_nodes(sheet: Sheet, grid: _Grid, drawing: Drawing, ends: FlowEnds) -> None:
    """Draw a dot for each token that a hundredth of the flow runs through, its area by how much."""
    total = ends.total or 1.0
    layers = [np.asarray(panel.weights, dtype=np.float64) / total for panel in drawing.panels]
    through = [*(layer.sum(0) for layer in layers), layers[-1].sum(1)]
    for level, shares in enumerate(through):
        for token in grid.rows:
            if shares[token] >= 0.01:
                radius = _DOT[0] + _DOT[1] * float(np.sqrt(shares[token]))
                sheet.path(_circle(grid.x(level), grid.y(token), radius), fill=INK, edge=None)


def _circle(x: float, y: float, radius: float) -> Path:
    near = _ROUND * radius
    points = [(x + radius, y)]
    for across, along in ((0, 1), (-1, 0), (0, -1), (1, 0)):
        before = points[-1]
        end = (x + across * radius, y + along * radius)
        points += [
            (before[0] + near * across, before[1] + near * along),
            (end[0] + near * along, end[1] - near * across),
            end,
        ]
    return Path(np.array(points), (Path.MOVETO, *[Path.CURVE4] * 12))


def _write(sheet: Sheet, grid: _Grid, drawing: Drawing, ends: FlowEnds) -> None:
    """Write tokens and numbers at the left, the target at the right, layers on top."""
    size = size_for(grid.high)
    right = grid.left - sheet.measure(".88", _NUMBER) - 8.0
    for tag in grid.tags:
        base = middle(grid.y(tag.cell), size)
        token_labels.write(sheet, right, base, tag, size, align="right")
        number = hundredths(ends.inputs[tag.cell])
        lower = middle(grid.y(tag.cell), _NUMBER)
        sheet.text(grid.left - 5.0, lower, number, _NUMBER, QUIET, align="right")
        if tag.cell in ends.target:
            token_labels.write(sheet, grid.x(len(drawing.panels)) + 5.0, base, tag, size)
    last = len(drawing.panels)
    every = max(1, int(np.ceil(9.0 / grid.step)))
    for level in range(last, 0, -every):
        name = str(drawing.panels[level - 1].layer)
        sheet.text(grid.x(level), grid.top - 1.0, name, 6.0, QUIET, align="center")
    sheet.text(grid.left, grid.top - 1.0, "input", 6.0, QUIET, align="right")


VIEW = View(
    name="flow",
    title="Flow",
    about="How attention runs through the layers to one token: the edges that carry most.",
    draw=draw,
    order=60,
)
