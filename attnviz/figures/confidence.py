"""How sure each head is of one token."""

from __future__ import annotations

from matplotlib.figure import Figure

from attnviz.figures.figure import WHOLE, ReportFigure
from attnviz.figures.grid import statistic_caption, statistic_figure
from attnviz.figures.style import FigureStyle
from attnviz.figures.views import ModelView


def draw(view: ModelView, style: FigureStyle) -> Figure:
    """Draw the map [layer, head] on a scale from 0 to 1."""
    return statistic_figure(
        view,
        "confidence",
        style,
        title="Mean largest weight of each head (confidence)",
        unit="weight",
        top=1.0,
    )


FIGURE = ReportFigure(
    view=ModelView,
    name="confidence",
    title="Confidence",
    about="How much of its attention each head gives to one key, layers down, heads across.",
    formula="mean over content queries of max_j a_ij",
    source="Voita et al. 2019",
    draw=draw,
    caption=statistic_caption(
        "confidence",
        "",
        "The weight of each query's largest key, averaged; 1: the head always picks one token.",
    ),
    subjects=lambda view: WHOLE if "confidence" in view.statistics else (),
    order=40,
)
