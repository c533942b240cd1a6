"""How alike the heads are: every pair of heads, sorted by cluster."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from attnviz.figures.captions import head_name, listing, plural, titled, two
from attnviz.figures.figure import WHOLE, ReportFigure
from attnviz.figures.grid import absent
from attnviz.figures.layout import (
    BAR_ROOM,
    MARGIN,
    draw_bar,
    headline,
    linear_bar,
    middle,
    notes,
)
from attnviz.figures.outlines import outline
from attnviz.figures.palette import OUTLINE, QUIET
from attnviz.figures.scale import paint
from attnviz.figures.sheet import Sheet
from attnviz.figures.style import FigureStyle
from attnviz.figures.views import Floats, ModelView

MOST = sqrt(log(2.0))
"""The dissimilarity of two heads that share no key: the root of ln 2 nats."""

_SIDE = 430.0
_MOST_CELL = 14.0
_READABLE = 5.6
_NAME = 5.4
_MOST_NAMES = 6


def draw(view: ModelView, style: FigureStyle) -> Figure:
    """Draw dissimilarity [head, head] in cluster order, the darker the more alike."""
    sheet = Sheet(style)
    values = _ordered(view)
    count = len(values)
    cell = sheet.snap(min(_SIDE / count, _MOST_CELL))
    side = cell * count
    named = cell >= _READABLE
    margin = sheet.measure("L00H00", _NAME) + 5.0 if named else 6.0
    left = sheet.snap(MARGIN + margin)
    width = max(left + side + BAR_ROOM, 260.0)
    title = titled("Similarity of heads", view.stream)
    top = sheet.snap(headline(sheet, title, "", width - MARGIN) + margin)
    sheet.image(left, top, side, side, paint(1.0 - values / MOST, style))
    sheet.frame(left, top, side, side, 0.5)
    borders = outline(_grouped(view), count, count) * cell + (left, top)
    sheet.lines(borders, OUTLINE, min(0.8, max(0.4, 0.12 * cell)))
    if named:
        _names(sheet, view, left, top, cell)
    bar = linear_bar("distance", (0.0, 0.2, 0.4, 0.6, 0.8), MOST, dark=0.0)
    height = max(58.0, min(side, 120.0))
    draw_bar(sheet, bar, left + side + 12.0, top, height)
    small_print = "Heads in the order of their clusters."
    if view.groups:
        small_print += f" Outlined: {plural(len(view.groups), 'redundant group')}."
    bottom = notes(sheet, top + max(side, height) + 5.0, small_print, width - MARGIN)
    return sheet.figure(width + MARGIN, bottom + MARGIN)


def _order(view: ModelView) -> tuple[int, ...]:
    """The heads that exist, by cluster if the clusters are known."""
    if view.dissimilarity is None:
        return ()
    empty = np.asarray(np.isnan(_without_diagonal(view.dissimilarity)).all(axis=-1))
    count = len(empty)
    return tuple(head for head in view.order or range(count) if count == 1 or not empty[head])


def _ordered(view: ModelView) -> Floats:
    """The dissimilarities [head, head] in cluster order."""
    order = np.array(_order(view), dtype=np.intp)
    if view.dissimilarity is None or not order.size:
        return np.full((1, 1), np.nan)
    return np.asarray(view.dissimilarity, dtype=np.float64)[np.ix_(order, order)]


def _grouped(view: ModelView) -> list[tuple[int, int]]:
    """The cells that belong to a redundant group, in cluster order."""
    place = {head: index for index, head in enumerate(_order(view))}
    groups = [[place[head] for head in group if head in place] for group in view.groups]
    return [(head, other) for group in groups for head in group for other in group]


def _head_names(view: ModelView) -> list[str]:
    """The names of the heads in the order of the dissimilarities.

    Heads that don't exist are left out of these, or have a row of NaN.
    """
    exists = ~absent(view)
    if view.dissimilarity is None or exists.sum() != len(view.dissimilarity):
        exists = np.ones_like(exists)
    return [head_name(int(layer), int(head)) for layer, head in np.argwhere(exists)]


def _names(sheet: Sheet, view: ModelView, left: float, top: float, cell: float) -> None:
    """Name each head at the left and on top."""
    names = _head_names(view)
    for index, head in enumerate(_order(view)):
        centre, name = (index + 0.5) * cell, names[head]
        y = middle(top + centre, _NAME)
        sheet.text(left - 3.0, y, name, _NAME, QUIET, align="right")
        sheet.text(middle(left + centre, _NAME), top - 3.0, name, _NAME, QUIET, upright=True)


def caption(view: ModelView) -> str:
    """The redundant groups and the most similar pair."""
    reading = (
        "Each cell says how far apart two heads are: 0, in full colour, where they attend "
        "identically, 0.83, blank, where they never look at the same token (root of the mean "
        "Jensen-Shannon divergence, nats). Heads are sorted so that alike ones stand together."
    )
    if view.dissimilarity is None or len(view.dissimilarity) < 2:
        return f"There are no two heads to compare. {reading}"
    values = _without_diagonal(view.dissimilarity)
    if not np.isfinite(values).any():
        return f"No two heads could be compared. {reading}"
    names = _head_names(view)
    first, second = np.unravel_index(int(np.nanargmin(values)), values.shape)
    distance = two(float(values[first, second]))
    pair = f"the most alike are {names[first]} and {names[second]} ({distance})"
    if not view.groups:
        return f"No heads are surely redundant; {pair}. {reading}"
    inside = sum(len(group) for group in view.groups)
    groups = plural(len(view.groups), "redundant group")
    largest = max(view.groups, key=len)
    members = [names[head] for head in largest[:_MOST_NAMES]]
    if len(largest) > _MOST_NAMES:
        members.append(f"{len(largest) - _MOST_NAMES} more")
    return (
        f"{inside} heads form {groups} (outlined), the largest of {listing(members)}; {pair}. "
        f"{reading}"
    )


def _without_diagonal(values: Floats) -> NDArray[np.float64]:
    """`values` with NaN for each head's distance to itself."""
    return np.where(np.eye(len(values), dtype=bool), np.nan, np.asarray(values, dtype=np.float64))


FIGURE = ReportFigure(
    view=ModelView,
    name="similarity",
    title="Similarity of heads",
    about="How alike every two heads are, sorted by cluster, redundant heads outlined.",
    formula="root of the mean over queries of the Jensen-Shannon divergence of two rows",
    source="Clark et al. 2019; Lin 1991",
    draw=draw,
    caption=caption,
    subjects=lambda view: WHOLE if view.dissimilarity is not None else (),
    order=50,
)
