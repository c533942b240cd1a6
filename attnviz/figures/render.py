"""Renders a figure as PNG, as SVG, and small for the page, to the same bytes in every run."""

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from attnviz.figures.picture import Picture
from attnviz.figures.png import encode
from attnviz.figures.sheet import POINTS_PER_INCH, Page
from attnviz.figures.style import FigureStyle
from attnviz.text.showable import showable

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
    """Make both files of one figure, and its drawing for the page; `path` has no suffix.

    The bytes depend on the figure, the style, the fonts and matplotlib's version alone: no
    dates, no random identifiers, no settings of the user's.
    """
    with mpl.rc_context(SETTINGS):
        named = described(title, style)
        png = raster(figure, style.dpi, named)
        svg = _svg(figure, named)
    width, height = (round(inches * _CSS_PIXELS_PER_INCH) for inches in figure.get_size_inches())
    return Picture(path, title, caption, png, svg, width, height, small=_small(figure, svg))


def described(title: str, style: FigureStyle) -> str:
    """What a file's metadata call a figure: its title and the model."""
    return showable(", ".join(filter(None, (title, style.model))))


def svg_metadata(title: str) -> dict[str, Any]:
    """An SVG's metadata: the title, and nothing that differs from run to run."""
    return dict.fromkeys(("Creator", "Date", "Format", "Type")) | {"Title": title or None}


def raster(figure: Figure, dpi: int, title: str = "") -> bytes:
    """The figure as a PNG of `dpi` that has this title."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    return encode(pixels[..., :3], dpi, title)


def _svg(figure: Figure, title: str) -> bytes:
    """The figure as SVG; a sheet's texts are put in apart, in a form that is much smaller."""
    pages = [artist for artist in figure.artists if isinstance(artist, Page)]
    target = io.BytesIO()
    try:
        for page in pages:
            page.writes = False
        figure.savefig(target, format="svg", metadata=svg_metadata(title))
    finally:
        for page in pages:
            page.writes = True
    body, end, rest = target.getvalue().rpartition(b"</svg>")
    return b"".join((body, *(page.markup().encode() for page in pages), end, rest))


def _small(figure: Figure, svg: bytes) -> bytes:
    """The drawing for the page; that of figures that are no sheet is as large as the file."""
    pages = [artist for artist in figure.artists if isinstance(artist, Page)]
    if len(pages) != 1 or len(figure.axes):
        return svg
    width, height = (float(inches) * POINTS_PER_INCH for inches in figure.get_size_inches())
    return pages[0].small(width, height)
