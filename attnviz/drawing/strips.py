"""One query in many heads: a row for each head, a column for each key."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from attnviz.drawing.drawing import Drawing
from attnviz.drawing.heatmap import Field, Heatmap, heatmaps
from attnviz.drawing.titles import from_queries, kind, lens_note
from attnviz.drawing.view import DrawingStyle
from attnviz.figures.captions import quoted, titled
from attnviz.text.types import TokenLabel


def strips(drawing: Drawing, style: DrawingStyle) -> Figure:
    """Draw for each query that was asked for the rows of all panels, one under another."""
    names = tuple(TokenLabel(panel.name) for panel in drawing.panels)
    maps = [
        Heatmap(f"from {quoted(drawing.queries[place])}", _rows(drawing, place))
        for place in drawing.query
    ]
    field = Field(names, drawing.keys, down=f"{kind(drawing)} ↓", strips=True)
    source = from_queries(drawing)
    single = titled(source[0].upper() + source[1:], drawing.stream) if len(maps) == 1 else ""
    return heatmaps(maps, field, style, title=single, notes=[lens_note(drawing)])


def _rows(drawing: Drawing, place: int) -> NDArray[np.float64]:
    """The rows of one query, [panel, key]."""
    rows = [np.asarray(panel.weights[place], dtype=np.float64) for panel in drawing.panels]
    return np.stack(rows)
