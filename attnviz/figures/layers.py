"""The mean over heads of each layer on one sentence."""

from __future__ import annotations

from math import ceil

import numpy as np
from matplotlib.figure import Figure

from attnviz.figures.kind import FigureStyle, SentenceFigure
from attnviz.figures.layout import BAR_ROOM, MARGIN, SMALL, draw_bar, headline, notes, weight_bar
from attnviz.figures.palette import QUIET
from attnviz.figures.sheet import Sheet
from attnviz.figures.tiles import draw_tiles, tiling
from attnviz.figures.views import SentenceView
from attnviz.figures.words import READ_MATRIX, block_note, quoted, two

_WIDTH = 480.0
_LARGEST_TILE = 130.0
_MOST_CELL = 12.0
_GUTTERS = (8.0, 17.0)


def draw(view: SentenceView, style: FigureStyle) -> Figure:
    """Draw one heatmap a layer, numbered, in several columns."""
    sheet = Sheet(style)
    layers, cells = view.layer_means.shape[0], view.layer_means.shape[-1]
    columns = _columns(layers)
    rows = ceil(layers / columns)
    room = (_WIDTH - (columns - 1) * _GUTTERS[0]) / columns
    plan = tiling(
        sheet, rows, columns, cells, min(room, _LARGEST_TILE, cells * _MOST_CELL) / cells, _GUTTERS
    )
    width = max(MARGIN + plan.width + BAR_ROOM, 250.0)
    title = f"Mean of the heads of each layer, sentence {view.id}"
    top = sheet.snap(headline(sheet, title, "", width - MARGIN) + 1.5 * SMALL)
    left = sheet.snap(MARGIN)
    places = {divmod(layer, columns): view.layer_means[layer] for layer in range(layers)}
    draw_tiles(sheet, left, top, plan, places)
    for layer, place in enumerate(places):
        x, y = plan.corner(*place)
        name = f"layer {layer}" if layer == 0 and plan.side > 30.0 else str(layer)
        sheet.text(left + x, top + y - 4.0, name, SMALL, QUIET)
    bar = max(58.0, min(plan.height, 120.0))
    draw_bar(sheet, weight_bar(sheet), left + plan.width + 12.0, top, bar)
    bottom = notes(sheet, top + max(plan.height, bar) + 5.0, block_note(view.block), width - MARGIN)
    return sheet.figure(width + MARGIN, bottom + MARGIN)


def _columns(layers: int) -> int:
    """The columns that fill their rows best; wide rather than tall."""
    if layers <= 4:
        return layers
    choice = range(3, 5) if layers <= 8 else range(5, 7) if layers <= 18 else range(6, 9)
    return min(choice, key=lambda count: (-layers % count, -count))


def caption(view: SentenceView) -> str:
    """Which token draws the layers' attention, and where it does most."""
    received = view.layer_means.mean(axis=-2) * view.block  # [layer, key]
    present = ~np.isnan(received).any(axis=-1)
    if not present.any():
        return f"No layer has attention to show. {READ_MATRIX}."
    key = int(received[present].mean(axis=0).argmax())
    mass = np.where(present, received[:, key], -1.0)
    peak, first = int(mass.argmax()), int(present.argmax())
    token = quoted(view.labels[key * view.block])
    finding = (
        f"{token if view.block == 1 else f'The block of {token}'} draws most attention: "
        f"{two(float(mass[peak]))} of a query's on average in layer {peak}"
    )
    if peak != first:
        finding += f", {two(float(mass[first]))} in layer {first}"
    return " ".join(
        part for part in (f"{finding}.", f"{READ_MATRIX}.", block_note(view.block)) if part
    )


FIGURE = SentenceFigure(
    name="layers",
    title="Layers",
    about="The mean attention of each layer's heads on one sentence.",
    formula="mean over heads of a_ij",
    source="Abnar & Zuidema 2020",
    draw=draw,
    caption=caption,
    order=20,
)
