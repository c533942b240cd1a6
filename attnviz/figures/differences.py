"""One number of every head, before, after, and by how much it differs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from matplotlib.figure import Figure

from attnviz.figures.captions import head_name, plural, titled, two
from attnviz.figures.compared_views import DifferenceView
from attnviz.figures.figure import ReportFigure, Subject
from attnviz.figures.grid import Cells, draw_cells
from attnviz.figures.layout import BAR_ROOM, MARGIN, SMALL, Bar, draw_bar, headline, middle, notes
from attnviz.figures.margins import map_margins
from attnviz.figures.palette import FAMILIES, GAP, INK, channels, ink_on, tint
from attnviz.figures.panels import arrange, name
from attnviz.figures.scale import Pixels, paint
from attnviz.figures.sheet import Sheet
from attnviz.figures.style import FigureStyle
from attnviz.figures.views import Floats

MORE, LESS = FAMILIES["position"], FAMILIES["copy"]
"""The colours of what is more after than before, and of what is less."""

_ROOM = (826.0, 620.0)
_CELL = (24.0, 17.0)
_ABREAST = 13.0
_DIGITS = (6.4, 5.8, 5.2)


def draw(view: DifferenceView, style: FigureStyle) -> Figure:
    """Draw three maps [layer, head]: before and after on one scale, and the difference."""
    sheet = Sheet(style)
    maps = (view.before, view.after, view.difference)
    margins = [map_margins(np.isnan(values), {}, {}) for values in maps]
    title = titled(view.title, view.stream)
    top = headline(sheet, title, "", _ROOM[0])
    panels = arrange(sheet, margins, (MARGIN, top), _ROOM, _CELL, BAR_ROOM, _ABREAST)
    labels = (*view.labels, "difference")
    colours = (
        paint(view.before / view.top, style),
        paint(view.after / view.top, style),
        diverging(view.difference / view.reach),
    )
    for cells, each, label, pixels in zip(panels.cells, margins, labels, colours, strict=True):
        draw_cells(sheet, cells, pixels, each)
        name(sheet, cells, label)
    before, after, apart = panels.cells
    sheet.frame(apart.left, apart.top, apart.right - apart.left, apart.bottom - apart.top)
    _outline(sheet, apart, view)
    _print(sheet, apart, view)
    height = max(58.0, min(apart.bottom - apart.top, 120.0))
    _own_bar(sheet, view, before, height)
    _own_bar(sheet, view, after, height)
    _difference_bar(sheet, view, apart, height)
    bottom = max(panels.bottom, apart.top + height) + 3.0
    bottom = notes(sheet, bottom, _small_print(view), panels.right - MARGIN)
    return sheet.figure(panels.right + MARGIN, bottom + MARGIN)


def diverging(places: Floats) -> Pixels:
    """Places from -1 to 1 -> colours: paper at 0, `MORE` above and `LESS` below; NaN is a gap."""
    pixels = np.empty((*places.shape, 3), dtype=np.uint8)
    for at in np.ndindex(places.shape):
        place = float(places[at])
        shade = GAP if np.isnan(place) else tint(MORE if place > 0 else LESS, abs(place))
        pixels[at] = channels(shade)
    return pixels


def signed(value: float) -> str:
    """A difference with its sign: +0.31, −0.042, 0; "<0.001" has none."""
    text = two(abs(value))
    return text if text == "0" or text.startswith("<") else f"{'+' if value > 0 else '−'}{text}"


def _outline(sheet: Sheet, cells: Cells, view: DifferenceView) -> None:
    """Outline the heads whose difference is certain."""
    inset = 0.8
    boxes = []
    for layer, head in np.argwhere(view.certain):
        x, y = cells.corner(int(layer), int(head))
        boxes.append((x + inset, y + inset, cells.width - 2 * inset, cells.height - 2 * inset))
    sheet.boxes(boxes, edge=INK, line=0.7)


def _print(sheet: Sheet, cells: Cells, view: DifferenceView) -> None:
    """Print the certain differences, if the longest fits."""
    texts = {
        (int(layer), int(head)): signed(float(view.difference[layer, head])).replace("0.", ".", 1)
        for layer, head in np.argwhere(view.certain)
    }
    size = next((size for size in _DIGITS if _has_room(sheet, cells, texts.values(), size)), None)
    if size is None:
        return
    for place, text in texts.items():
        strength = abs(float(view.difference[place])) / view.reach
        fill = tint(MORE if view.difference[place] > 0 else LESS, strength)
        x, y = cells.centre(*place)
        sheet.text(x, middle(y, size), text, size, ink_on(fill), align="center")


def _has_room(sheet: Sheet, cells: Cells, texts: Iterable[str], size: float) -> bool:
    widest = max((sheet.measure(text, size) for text in texts), default=0.0)
    return widest <= cells.width - 3.4 and size <= cells.height - 4.0


def _own_bar(sheet: Sheet, view: DifferenceView, cells: Cells, height: float) -> None:
    marks = tuple((at, f"{at * view.top:.3g}") for at in (0.0, 0.25, 0.5, 0.75, 1.0))
    bar = Bar("", np.linspace(0.0, 1.0, 256), marks)
    draw_bar(sheet, bar, cells.right + 8.0, cells.top, height)


def _difference_bar(sheet: Sheet, view: DifferenceView, cells: Cells, height: float) -> None:
    """A bar from -reach to reach, zero in its middle."""
    x, width = cells.right + 8.0, 7.0
    levels = np.linspace(1.0, -1.0, 129)[:, None]
    sheet.image(x, cells.top, width, height, diverging(levels))
    for place in (-1.0, -0.5, 0.0, 0.5, 1.0):
        y = cells.top + height * (1.0 - place) / 2
        text = signed(place * view.reach)
        sheet.text(x + width + 3.0, middle(y, SMALL), text, SMALL, INK)


def _small_print(view: DifferenceView) -> str:
    scale = "" if view.own_scale else ", on the same scale in every figure"
    told = f"Differences: blue is more after, orange less{scale}; outlined: certain for all heads "
    told += "and measures at once."
    if view.moved:
        told += " Heads are compared with their counterparts, and differences stand at the places "
        told += "before."
    if (np.isnan(view.difference) & ~np.isnan(view.before)).any():
        told += " Crossed out: heads without a counterpart."
    return told


def caption(view: DifferenceView) -> str:
    """The largest certain difference, and how many there are."""
    known = np.where(view.certain, np.abs(view.difference), np.nan)
    heads = int(view.certain.sum())
    if not heads:
        return (
            "No head certainly differs. Left before, then after, then the "
            "difference; a row for each layer, a column for each head."
        )
    layer, head = np.unravel_index(int(np.nanargmax(known)), known.shape)
    largest = float(view.difference[layer, head])
    differ = "differs" if heads == 1 else "differ"
    return (
        f"{plural(heads, 'head')} certainly {differ}, most "
        f"{head_name(int(layer), int(head))}: {signed(largest)}. Left before, then after, then "
        "the difference; a row for each layer, a column for each head."
    )


FIGURE = ReportFigure(
    view=DifferenceView,
    name="difference",
    title="Difference",
    about="One role or statistic of two models: before, after, and the difference of every head.",
    formula="after - before, of heads of one number or of the best match",
    source="see list roles and list statistics",
    subjects=lambda view: (
        Subject(name=f"difference-{view.measure.replace(':', '-')}", title=view.title),
    ),
    draw=draw,
    caption=caption,
    order=30,
)
