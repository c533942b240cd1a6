"""Makes the bytes of a picture's file: PDF, SVG or PNG."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from attnviz.drawing.drawing import Drawing
from attnviz.drawing.titles import title
from attnviz.drawing.vector import VectorPage, svg
from attnviz.drawing.view import DrawingStyle, View
from attnviz.errors import UsageError
from attnviz.figures.fonts import fitted, postscript
from attnviz.figures.render import SETTINGS, described, raster, svg_metadata
from attnviz.figures.sheet import Page
from attnviz.figures.style import FigureStyle

_SETTINGS: dict[Any, Any] = SETTINGS | {
    "svg.fonttype": "none",
    "pdf.compression": 6,
    "pdf.inheritcolor": False,
    "pdf.use14corefonts": False,
}
_UNDATED = {"Creator": None, "Producer": None, "CreationDate": None}
_LEAST_WIDTH = 1.0
_MOST_WIDTH = 100.0


def picture(view: View, drawing: Drawing, style: DrawingStyle, suffix: str) -> bytes:
    """The file of one picture; `suffix` is one of `SUFFIXES`.

    A PDF or SVG is exactly `style.width` wide, a PNG to the nearest pixel. Cells are vectors in
    PDF and SVG, and text is text. The same drawing gives the same bytes. Raises UsageError, with a
    hint, where the view can't show the drawing, or not in this width.
    """
    if suffix not in SUFFIXES:
        raise UsageError(
            f"{suffix}: there are no pictures of this format.", f"Try {', '.join(SUFFIXES)}."
        )
    if style.width is not None and not _LEAST_WIDTH <= style.width <= _MOST_WIDTH:
        raise UsageError(
            f"A picture can’t be {style.width:g} in wide.",
            f"Ask for a width from {_LEAST_WIDTH:g}in to {_MOST_WIDTH:g}in.",
        )
    figure = replace(fitted(style.figure, _texts(drawing)), model=drawing.model)
    with mpl.rc_context(_SETTINGS):
        drawn = view.draw(drawing, replace(style, figure=figure))
        return SUFFIXES[suffix](drawn, figure, described(title(drawing), figure))


def _texts(drawing: Drawing) -> set[str]:
    tokens = {label.text for label in (*drawing.queries, *drawing.keys)}
    return tokens | {panel.name for panel in drawing.panels} | {drawing.model, "“…”→↓≥×·"}


def _png(figure: Figure, style: FigureStyle, title: str) -> bytes:
    pixels = [round(inches * style.dpi) for inches in figure.get_size_inches()]
    figure.set_size_inches(*((count + 1e-3) / style.dpi for count in pixels))
    return raster(figure, style.dpi, title)


def _svg(figure: Figure, style: FigureStyle, title: str) -> bytes:
    pages = [artist for artist in figure.artists if isinstance(artist, Page)]
    for page in pages:
        page.remove()
    target = io.BytesIO()
    figure.savefig(target, format="svg", metadata=svg_metadata(title))
    body, end, rest = target.getvalue().rpartition(b"</svg>")
    drawn = "".join(svg(page, style.fonts) for page in pages)
    return b"".join((body, drawn.encode(), end, rest))


def _pdf(figure: Figure, style: FigureStyle, title: str) -> bytes:
    for artist in list(figure.artists):
        if isinstance(artist, Page):
            artist.remove()
            figure.add_artist(VectorPage(artist, style.fonts))
    target = io.BytesIO()
    # Matplotlib embeds PostScript outlines so that not every viewer reads them as type 42.
    kind = 3 if any(map(postscript, style.fonts)) else 42
    with mpl.rc_context({"pdf.fonttype": kind}):
        figure.savefig(target, format="pdf", metadata=_UNDATED | {"Title": title})
    return target.getvalue()


SUFFIXES: Mapping[str, Callable[[Figure, FigureStyle, str], bytes]] = MappingProxyType(
    {".pdf": _pdf, ".svg": _svg, ".png": _png}
)
"""The formats of pictures, by the suffix of their files."""
