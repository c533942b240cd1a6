"""How far each head looks."""

from __future__ import annotations

from matplotlib.figure import Figure

from attnviz.figures.figure import WHOLE, ReportFigure
from attnviz.figures.grid import statistic_caption, statistic_figure
from attnviz.figures.style import FigureStyle
from attnviz.figures.views import ModelView


def draw(view: ModelView, style: FigureStyle) -> Figure:
    """Draw the map [layer, head], in tokens."""
    return statistic_figure(
        view,
        "distance",
        style,
        title="Mean attention distance of each head (tokens)",
        unit="tokens",
    )


FIGURE = ReportFigure(
    view=ModelView,
    name="distance",
    title="Distance",
    about="How far each head looks: mean distance in tokens, layers down, heads across.",
    formula="mean over content queries of sum_j a_ij |i - j|",
    source="Vig & Belinkov 2019",
    draw=draw,
    caption=statistic_caption(
        "distance",
        " tokens",
        "Low: the head looks at neighbours; high: far away.",
    ),
    subjects=lambda view: WHOLE if "distance" in view.statistics else (),
    order=30,
)
