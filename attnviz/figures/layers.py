"""The mean over heads of each layer on one sentence."""

from __future__ import annotations

from math import ceil

import numpy as np
from matplotlib.figure import Figure

from attnviz.figures.captions import READ_MATRIX, location, quoted, share_note, two
from attnviz.figures.figure import ReportFigure
from attnviz.figures.layout import BAR_ROOM, MARGIN, SMALL, draw_bar, headline, notes, weight_bar
from attnviz.figures.margins import Margins, map_margins, margin_note, strike, write_layer
from attnviz.figures.palette import QUIET
from attnviz.figures.scale import shares
from attnviz.figures.sheet import Sheet
from attnviz.figures.style import FigureStyle
from attnviz.figures.tiles import arrange_tiles, draw_tiles
from attnviz.figures.views import SentenceView

_WIDTH = 480.0
_LARGEST_TILE = 130.0
_MOST_CELL = 12.0
_GUTTERS = (8.0, 17.0)


def draw(view: SentenceView, style: FigureStyle) -> Figure:
    """Draw one heatmap a layer, numbered, in several columns."""
    sheet = Sheet(style)
    weights = shares(view.layer_means, len(view.keys), view.block)
    layers, tall, wide = weights.shape
    columns = _columns(layers)
    rows = ceil(layers / columns)
    room = (_WIDTH - (columns - 1) * _GUTTERS[0]) / columns
    cell = min(room / wide, _LARGEST_TILE / max(tall, wide), _MOST_CELL)
    tiling = arrange_tiles(sheet, rows, columns, (tall, wide), cell, _GUTTERS)
    width = max(MARGIN + tiling.width + BAR_ROOM, 250.0)
    title = f"Mean of the heads of each layer, {location(view.id, view.stream)}"
    top = sheet.snap(headline(sheet, title, "", width - MARGIN) + 1.5 * SMALL)
    left = sheet.snap(MARGIN)
    places = {divmod(layer, columns): weights[layer] for layer in range(layers)}
    margins = _margins(view)
    gaps = [divmod(layer, columns) for layer in margins.gaps]
    draw_tiles(sheet, left, top, tiling, {at: w for at, w in places.items() if at not in gaps})
    corners = [tiling.corner(*place) for place in gaps]
    strike(sheet, [(left + x, top + y, tiling.tile_width, tiling.tile_height) for x, y in corners])
    first = "layer " if tiling.tile_width > 30.0 else ""
    sheet.text(left, top - 4.0, first, SMALL, QUIET)
    for layer, place in enumerate(places):
        x, y = tiling.corner(*place)
        x += sheet.measure(first, SMALL) if layer == 0 else 0.0
        write_layer(sheet, left + x, top + y - 4.0, layer, margins, align="left")
    bar = max(58.0, min(tiling.height, 120.0))
    draw_bar(sheet, weight_bar(sheet), left + tiling.width + 12.0, top, bar)
    small_print = f"{share_note(view.block)} {margin_note(margins, heads=False)}"
    bottom = notes(sheet, top + max(tiling.height, bar) + 5.0, small_print, width - MARGIN)
    return sheet.figure(width + MARGIN, bottom + MARGIN)


def _margins(view: SentenceView) -> Margins:
    absent = np.asarray(np.isnan(view.layer_means).all(axis=(1, 2)))
    return map_margins(absent[:, None], {}, view.windows)


def _columns(layers: int) -> int:
    """The number of columns that leaves the fewest places of the last row empty."""
    if layers <= 4:
        return layers
    choice = range(3, 5) if layers <= 8 else range(5, 7) if layers <= 18 else range(6, 9)
    return min(choice, key=lambda count: (-layers % count, -count))


def caption(view: SentenceView) -> str:
    """Which token draws the layers' attention, and where it does most."""
    # [layer, key]
    received = shares(view.layer_means, len(view.keys), view.block).mean(axis=-2)
    present = ~np.isnan(received).any(axis=-1)
    if not present.any():
        return f"No layer has attention to show. {READ_MATRIX}."
    key = int(received[present].mean(axis=0).argmax())
    mass = np.where(present, received[:, key], -1.0)
    peak, first = int(mass.argmax()), int(present.argmax())
    token = quoted(view.keys[key * view.block])
    finding = (
        f"{token if view.block == 1 else f'The block of {token}'} draws most attention: "
        f"{two(float(mass[peak]))} of a query's on average in layer {peak}"
    )
    if peak != first:
        finding += f", {two(float(mass[first]))} in layer {first}"
    return " ".join(
        part for part in (f"{finding}.", f"{READ_MATRIX}.", share_note(view.block)) if part
    )


FIGURE = ReportFigure(
    view=SentenceView,
    name="layers",
    title="Layers",
    about="The mean attention of each layer's heads on one sentence.",
    formula="mean over heads of a_ij",
    source="Abnar & Zuidema 2020",
    draw=draw,
    caption=caption,
    order=20,
)
