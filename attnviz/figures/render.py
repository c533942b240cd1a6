"""Renders a figure as PNG and SVG, to the same bytes in every run."""

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from attnviz.figures.picture import Picture
from attnviz.figures.png import encode
from attnviz.figures.sheet import Page
from attnviz.figures.style import FigureStyle

SETTINGS: dict[Any, Any] = {
    # Tokens are text, never formulas.
    "text.parse_math": False,
    "text.usetex": False,
    "text.antialiased": True,
    "text.hinting": "no_hinting",
    "font.enable_last_resort": True,
    # Identifiers in an SVG are hashes of their content and this salt.
    "svg.hashsalt": "attnviz",
    "svg.fonttype": "path",
    "svg.image_inline": True,
    "svg.id": None,
    # A user's own settings must not change a report.
    "savefig.bbox": None,
    "savefig.facecolor": "auto",
    "savefig.edgecolor": "auto",
    "savefig.transparent": False,
    "path.simplify": False,
    "path.snap": True,
    "path.sketch": None,
    "path.effects": [],
}
_CSS_PIXELS_PER_INCH = 96


def render(figure: Figure, style: FigureStyle, *, path: str, title: str, caption: str) -> Picture:
    """Make both files of one figure; `path` has no suffix.

    The bytes depend on the figure, the style, the fonts and matplotlib's version alone: no
    dates, no random identifiers, no settings of the user's.
    """
    with mpl.rc_context(SETTINGS):
        png = raster(figure, style.dpi)
        svg = _svg(figure)
    width, height = (round(inches * _CSS_PIXELS_PER_INCH) for inches in figure.get_size_inches())
    return Picture(path, title, caption, png, svg, width, height)


def raster(figure: Figure, dpi: int) -> bytes:
    """The figure as a PNG of `dpi`."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    return encode(pixels[..., :3], dpi)


def _svg(figure: Figure) -> bytes:
    """The figure as SVG; a sheet's texts are put in apart, in a form that is much smaller."""
    pages = [artist for artist in figure.artists if isinstance(artist, Page)]
    target = io.BytesIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    try:
        for page in pages:
            page.writes = False
        figure.savefig(target, format="svg", metadata=nothing)
    finally:
        for page in pages:
            page.writes = True
    body, end, rest = target.getvalue().rpartition(b"</svg>")
    return b"".join((body, *(page.markup().encode() for page in pages), end, rest))
