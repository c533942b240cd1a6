"""How spread out each head's attention is."""

from __future__ import annotations

from matplotlib.figure import Figure

from attnviz.figures.figure import WHOLE, ReportFigure
from attnviz.figures.grid import statistic_caption, statistic_figure
from attnviz.figures.style import FigureStyle
from attnviz.figures.views import ModelView


def draw(view: ModelView, style: FigureStyle) -> Figure:
    """Draw the map [layer, head], in nats."""
    return statistic_figure(
        view,
        "entropy",
        style,
        title="Attention entropy of each head (nats)",
        unit="nats",
    )


FIGURE = ReportFigure(
    view=ModelView,
    name="entropy",
    title="Entropy",
    about="How spread out each head's attention is: entropy in nats, layers down, heads across.",
    formula="mean over content queries of -sum_j a_ij ln a_ij",
    source="Clark et al. 2019",
    draw=draw,
    caption=statistic_caption(
        "entropy",
        " nats",
        "Low: the head looks at few tokens; high: its attention is spread over many.",
    ),
    subjects=lambda view: WHOLE if "entropy" in view.statistics else (),
    order=20,
)
