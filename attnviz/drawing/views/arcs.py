"""The edges that matter of one head as arcs over the tokens, in reading direction."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from attnviz.drawing.curves import draw_arcs, draw_cross
from attnviz.drawing.drawing import Drawing
from attnviz.drawing.edges import strongest
from attnviz.drawing.paper import (
    EDGE,
    LEAST,
    PAGE,
    PITCH,
    Paper,
    colour_bar,
    draw_legend,
    paper,
    top_of,
)
from attnviz.drawing.row import SIZE, level_width
from attnviz.drawing.titles import lens_note, title
from attnviz.drawing.view import DrawingStyle, View
from attnviz.errors import UsageError
from attnviz.figures.captions import plural
from attnviz.figures.sheet import POINTS_PER_INCH

MOST_TOKENS = 100


def draw(drawing: Drawing, style: DrawingStyle) -> Figure:
    """Draw the arcs of one matrix. Raises UsageError for several, and for too many tokens."""
    if len(drawing.panels) != 1:
        raise UsageError(
            f"The view arcs shows one head, and {len(drawing.panels)} were chosen.",
            "Choose one with --heads L5H7, or a mean with --mean; --view matrix shows several.",
        )
    edges = strongest(drawing, drawing.panels[0])
    page = _page(drawing, style)
    y = page.heading(title(drawing)) + 2.0
    top = top_of(np.array([edge.weight for edge in edges.edges]), style)
    cross = drawing.stream == "cross" or drawing.queries != drawing.keys
    y, hidden, both = (draw_cross if cross else draw_arcs)(page, drawing, edges, top, y)
    bar = colour_bar(page.sheet, style, top)
    y = draw_legend(page.sheet, bar, EDGE, y + 7.0, page.width)
    notes = [_reading(cross=cross, both=both), edges.rule(), lens_note(drawing)]
    if hidden:
        notes.append(f"{plural(hidden, 'value')} left out for want of room.")
    return page.figure(page.small_print(y, notes))


def _reading(*, cross: bool, both: bool) -> str:
    widths = "the wider the line, the larger the weight"
    if cross:
        return f"Lines lead from each query, below, to its keys, above; {widths}."
    sides = ", above the tokens to the left and below them to the right" if both else ""
    return f"Arcs lead from a query to its key, at the tip{sides}; {widths}."


def _page(drawing: Drawing, style: DrawingStyle) -> Paper:
    """The page, as wide as the tokens need. Raises UsageError for more than it can name."""
    page = paper(style, PAGE)
    count = max(len(drawing.queries), len(drawing.keys))
    fit = int(page.width / (LEAST * PITCH)) if page.fixed else MOST_TOKENS
    if count > fit:
        wide = np.ceil((count * LEAST * PITCH + 2 * EDGE) / POINTS_PER_INCH * 10) / 10
        wider = f"Make it {wide:g}in wide, take" if page.fixed else "Take"
        raise UsageError(
            f"Arcs have room for {fit} tokens here, and this sentence has {count}.",
            f"{wider} a shorter sentence or --words, or use --view matrix or text.",
        )
    if page.fixed:
        return page
    level = max(level_width(page.sheet, labels) for labels in (drawing.queries, drawing.keys))
    upright = count * SIZE * 1.5
    return paper(style, max(level if level <= 1.3 * PAGE else upright, 200.0))


VIEW = View(
    name="arcs",
    title="Arcs",
    about="One head’s edges that matter, as arcs over the tokens in reading direction.",
    draw=draw,
    order=30,
)
