"""Draws a sheet with cells as rectangles and text as text, for SVG and PDF.

The pictures of reports embed heatmaps as small images and write text as outlines: that is smaller,
and looks the same everywhere. A drawing is to be edited, searched and printed at any size.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray

from attnviz.figures.palette import PAPER
from attnviz.figures.scale import Pixels
from attnviz.figures.sheet import Image, Page, Shape, trace
from attnviz.figures.writing import UNIT, Run, commands

_FALLBACKS = ("Verdana", "Arial", "sans-serif")
_OVERLAP = 0.5


def svg(page: Page, fonts: tuple[str, ...]) -> str:
    """The page as SVG elements, in points from the top left corner."""
    parts = [_cells(item) if isinstance(item, Image) else _shape(item) for item in page.items]
    families = ", ".join(f"'{name}'" for name in (*fonts, *_FALLBACKS[:-1]))
    style = f"white-space: pre; font-family: {families}, {_FALLBACKS[-1]}"
    parts.append(f"<g style={quoteattr(style)}>\n")
    for colour, runs in page.texts.items():
        parts.append(f'<g fill="{colour}">\n{"".join(map(_text, runs))}</g>\n')
    return "".join([*parts, "</g>\n"])


def _text(run: Run) -> str:
    """A line of text, as wide in any font as in the one it was laid out with."""
    place = f'x="{run.x:.2f}" y="{run.y:.2f}"'
    if run.upright:
        place = f'transform="translate({run.x:.2f} {run.y:.2f}) rotate(-90)"'
    width = run.line.width * run.size / UNIT
    fit = f'textLength="{width:.2f}" lengthAdjust="spacingAndGlyphs"'
    return f'<text {place} font-size="{run.size:.4g}px" {fit}>{escape(run.line.text)}</text>\n'


def _shape(shape: Shape) -> str:
    numbers = [f"{x:.2f} {y:.2f}" for x, y in shape.vertices.tolist()]
    stroke = f' stroke="{shape.edge}" stroke-width="{shape.line:.4g}"' if shape.edge else ""
    data = commands(numbers, shape.codes)
    return f'<path fill="{shape.fill or "none"}"{stroke} d="{data}"/>\n'


def _cells(image: Image) -> str:
    """One path for each colour, in units of cells."""
    rows, columns = image.pixels.shape[:2]
    size = f"scale({image.width / columns:.6g} {image.height / rows:.6g})"
    parts = [f'<g transform="translate({image.x:.2f} {image.y:.2f}) {size}">\n']
    for colour, boxes in _rectangles(image.pixels):
        data = "".join(f"M{x:g} {y:g}h{w:g}v{h:g}h-{w:g}z" for x, y, w, h in boxes.tolist())
        parts.append(f'<path fill="{colour}" d="{data}"/>\n')
    return "".join([*parts, "</g>\n"])


def _rectangles(pixels: Pixels) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """The cells as rectangles (x, y, width, height) in units of cells, colour by colour.

    First all that reach half a cell under their neighbours at the right and below, then all as
    they are: where two meet within a device's pixel, it shows their colours and not the paper.
    Neighbours of one colour in a row are one rectangle, and so are rows that are the same.
    """
    columns = pixels.shape[1]
    codes = pixels.astype(np.uint32) @ np.array([65536, 256, 1], dtype=np.uint32)
    starts = np.flatnonzero(np.append(True, (codes[1:] != codes[:-1]).any(axis=1)))
    heights = np.diff(np.append(starts, len(codes)))
    codes = codes[starts]
    edges = np.ones(codes.shape, dtype=bool)
    edges[:, 1:] = codes[:, 1:] != codes[:, :-1]
    y, x = np.nonzero(edges)
    ends = np.append(x[1:], 0)
    ends[ends == 0] = columns
    boxes = np.stack([x, starts[y], ends - x, heights[y]], axis=1).astype(np.float64)
    under = boxes.copy()
    under[:, 2] += _OVERLAP * (ends < columns)
    under[:, 3] += _OVERLAP * (y < len(codes) - 1)
    of_boxes = codes[y, x]
    for layer in (under, boxes) if len(boxes) > 1 else (boxes,):
        for code in np.unique(of_boxes).tolist():
            yield f"#{code:06X}", layer[of_boxes == code]


class VectorPage(Artist):
    """Hands a page to a renderer of vectors, as a PDF's, its cells as paths, its text as text."""

    def __init__(self, page: Page, fonts: tuple[str, ...]) -> None:
        super().__init__()
        self._page = page
        self._fonts = fonts

    def draw(self, renderer: RendererBase) -> None:
        """Draw everything."""
        context = renderer.new_gc()
        scale = float(np.asarray(renderer.points_to_pixels(1.0)))
        _, height = renderer.get_canvas_width_height()
        for item in self._page.items:
            if isinstance(item, Image):
                _paint(renderer, context, item, scale, height)
            else:
                trace(renderer, context, item, scale, height)
        for colour, runs in self._page.texts.items():
            context.set_foreground(to_rgb(colour), isRGBA=False)
            for run in runs:
                prop = FontProperties(family=list(self._fonts), size=run.size)
                x, y = run.x * scale, height - run.y * scale
                angle = 90.0 if run.upright else 0.0
                renderer.draw_text(context, x, y, run.line.text, prop, angle, ismath=False)
        context.restore()


def _paint(
    renderer: RendererBase, context: GraphicsContextBase, image: Image, scale: float, height: float
) -> None:
    rows, columns = image.pixels.shape[:2]
    size = np.array([image.width / columns, image.height / rows] * 2)
    upwards = Affine2D().scale(scale, -scale).translate(0.0, height)
    context.set_linewidth(0.0)
    context.set_foreground(to_rgb(PAPER), isRGBA=False)
    for colour, boxes in _rectangles(image.pixels):
        x, y, width, tall = (boxes * size + (image.x, image.y, 0.0, 0.0)).T
        across = np.stack([x, x + width, x + width, x, x], axis=1)
        down = np.stack([y, y, y + tall, y + tall, y], axis=1)
        codes = np.array([Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY], dtype=np.uint8)
        path = Path(np.stack([across, down], axis=2).reshape(-1, 2), np.tile(codes, len(boxes)))
        renderer.draw_path(context, path, upwards, to_rgb(colour))
