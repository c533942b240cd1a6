"""The heatmap: rows are queries, columns keys; of a few queries, their rows alone."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from attnviz.drawing.bars import MOST_SERIES, bars, series_fit
from attnviz.drawing.drawing import Drawing
from attnviz.drawing.heatmap import Field, Heatmap, heatmaps
from attnviz.drawing.strips import strips
from attnviz.drawing.titles import lens_note, title
from attnviz.drawing.view import DrawingStyle, View
from attnviz.errors import UsageError

MOST_PANELS = 16


def draw(drawing: Drawing, style: DrawingStyle) -> Figure:
    """Draw the matrices side by side, or, of the rows asked for, bars or strips."""
    if drawing.query:
        return _draw_rows(drawing, style)
    if len(drawing.panels) > MOST_PANELS:
        raise UsageError(
            f"A matrix view shows at most {MOST_PANELS} matrices, and {len(drawing.panels)} were "
            "chosen.",
            "Choose fewer with --heads or --layers, or take --view mosaic.",
        )
    maps = [Heatmap(panel.name, panel.weights) for panel in drawing.panels]
    field = Field(drawing.queries, drawing.keys)
    single = title(drawing) if len(maps) == 1 or drawing.stream else ""
    return heatmaps(maps, field, style, title=single, notes=[lens_note(drawing)])


def _draw_rows(drawing: Drawing, style: DrawingStyle) -> Figure:
    count = len(drawing.panels) * len(drawing.query)
    if count <= MOST_SERIES and series_fit(count, style):
        return bars(drawing, style)
    if len(drawing.panels) > 1:
        return strips(drawing, style)
    rows = np.array(drawing.query)
    labels = tuple(drawing.queries[place] for place in drawing.query)
    heatmap = Heatmap("", drawing.panels[0].weights[rows])
    field = Field(labels, drawing.keys)
    return heatmaps([heatmap], field, style, title=title(drawing), notes=[lens_note(drawing)])


VIEW = View(
    name="matrix",
    title="Matrix",
    about="A heatmap with every token named: rows are queries, columns keys.",
    draw=draw,
    order=10,
)
