"""The roles of several models side by side, checkpoints of a training run say."""

from __future__ import annotations

from matplotlib.figure import Figure

from attnviz.figures.captions import listing, titled
from attnviz.figures.compared_views import SideBySide
from attnviz.figures.figure import ReportFigure, Subject
from attnviz.figures.grid import absent, draw_cells
from attnviz.figures.layout import MARGIN, headline
from attnviz.figures.margins import map_margins
from attnviz.figures.panels import arrange, name
from attnviz.figures.roles import legend, mark_cell, role_colours
from attnviz.figures.sheet import Sheet
from attnviz.figures.style import FigureStyle
from attnviz.figures.views import ModelView

_ROOM = (770.0, 800.0)
_CELL = (22.0, 16.0)
_LETTERED = 7.0
"""Smaller cells have no letter: it could not be read."""

MOST = 16
"""So many maps are drawn; of more models the first, the last and some between."""


def draw(view: SideBySide, style: FigureStyle) -> Figure:
    """Draw a map of roles for each model, and one legend."""
    sheet = Sheet(style)
    margins = [map_margins(absent(model), {}, {}) for model in view.models]
    title = titled("Head roles", view.stream)
    top = headline(sheet, title, "", _ROOM[0])
    panels = arrange(sheet, margins, (MARGIN, top), _ROOM, _CELL)
    for model, cells, each, label in zip(
        view.models, panels.cells, margins, view.labels, strict=True
    ):
        draw_cells(sheet, cells, role_colours(model, each.absent), each)
        name(sheet, cells, label)
        if min(cells.width, cells.height) < _LETTERED:
            continue
        for layer, row in enumerate(model.roles):
            for head, marks in enumerate(row):
                mark_cell(sheet, cells, layer, head, marks)
    width = max(panels.right, 330.0)
    marked = [marks for model in view.models for row in model.roles for marks in row]
    bottom = legend(sheet, marked, panels.bottom + 10.0, width - MARGIN)
    return sheet.figure(width + MARGIN, bottom + MARGIN)


def caption(view: SideBySide) -> str:
    """How many heads of each model have a role."""
    having = [_having(model) for model in view.models]
    if len(having) > 4:
        told = f"{having[0]} of {_heads(view.models[0])} in {view.labels[0]}, "
        told += f"{having[-1]} of {_heads(view.models[-1])} in {view.labels[-1]}"
    else:
        each = zip(having, view.models, view.labels, strict=True)
        told = listing([f"{many} of {_heads(model)} in {label}" for many, model, label in each])
    return (
        f"Heads with a supported role: {told}. A row for each layer, a column for each head; "
        "letters name the roles, the first by colour; small letters are not beyond doubt."
    )


def _having(model: ModelView) -> int:
    marks = [marks for row in model.roles for marks in row]
    return sum(any(mark.supported for mark in each) for each in marks)


def _heads(model: ModelView) -> int:
    return int((~absent(model)).sum())


FIGURE = ReportFigure(
    view=SideBySide,
    name="roles-side-by-side",
    title="Head roles side by side",
    about="Which head plays which role in each of several models.",
    formula="score of each supported or tentative role; see list roles",
    source="Voita et al. 2019; Clark et al. 2019",
    subjects=lambda _: (Subject(name="roles"),),
    draw=draw,
    caption=caption,
    order=10,
)
