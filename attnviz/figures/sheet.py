"""A sheet of paper to draw on, in points from the top left corner.

A matplotlib axes with its ticks takes more time than everything else in a figure, and a heatmap
of tokens needs none of it. So a sheet only lists what is to be drawn, and one artist draws the
list, for PNG and SVG alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray

from attnviz.figures import small
from attnviz.figures.fonts import spelled
from attnviz.figures.palette import HAIRLINE, INK, PAPER, QUIET
from attnviz.figures.scale import Pixels
from attnviz.figures.style import FigureStyle
from attnviz.figures.writing import UNIT, Run, markup, path, typeset, width_of
from attnviz.text.showable import in_short

Align = Literal["left", "center", "right"]
POINTS_PER_INCH = 72.0
_CRISP = 1.5
"""Below so many points a side, cells are embedded at the device's resolution in SVG."""

_SIGNED = 5.4
_ASIDE = 4.0
_LONGEST = 60
"""The size of the model's name, its distance from the edges, and its characters at most."""


@dataclass(frozen=True, slots=True)
class Image:
    """Cells [row, column, 3] that fill a rectangle."""

    x: float
    y: float
    width: float
    height: float
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class Shape:
    """A path of matplotlib's codes, filled, stroked or both."""

    vertices: NDArray[np.float64]
    codes: NDArray[np.uint8]
    fill: str | None
    edge: str | None
    line: float


class Sheet:
    """Collects texts, images and shapes; `figure` makes them a matplotlib figure."""

    def __init__(self, style: FigureStyle) -> None:
        self.style = style
        self._items: list[Image | Shape] = []
        self._texts: dict[str, list[Run]] = {}

    def snap(self, length: float) -> float:
        """The nearest whole number of device pixels, at least one, as points."""
        pixel = POINTS_PER_INCH / self.style.dpi
        return max(1.0, round(length / pixel)) * pixel

    def shown(self, text: str) -> str:
        """`text` with what has no glyph written as its code points."""
        return spelled(text, self.style.missing)

    def measure(self, text: str, size: float) -> float:
        """The width of `text` in points."""
        return width_of(self.shown(text), self.style.fonts) * size / UNIT

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 7.0,
        colour: str = INK,
        *,
        align: Align = "left",
        upright: bool = False,
    ) -> None:
        """Write `text`, its baseline at `y`; `upright` turns it to read from bottom to top."""
        if not text:
            return
        line = typeset(self.shown(text), self.style.fonts)
        shift = {"left": 0.0, "center": 0.5, "right": 1.0}[align] * line.width * size / UNIT
        left, base = (x, y + shift) if upright else (x - shift, y)
        self._texts.setdefault(colour, []).append(Run(line, left, base, size, upright))

    def frame(self, x: float, y: float, width: float, height: float, line: float = 0.35) -> None:
        """Draw a hairline around a rectangle, outside it: cells of one pixel are not covered."""
        self.frames([(x, y)], width, height, line)

    def frames(
        self,
        corners: Sequence[tuple[float, float]],
        width: float,
        height: float,
        line: float = 0.35,
    ) -> None:
        """Draw hairlines around many rectangles of one size, outside them."""
        out = POINTS_PER_INCH / self.style.dpi / 2
        self.boxes(
            [(x - out, y - out, width + 2 * out, height + 2 * out) for x, y in corners],
            edge=HAIRLINE,
            line=line,
        )

    def image(self, x: float, y: float, width: float, height: float, pixels: Pixels) -> None:
        """Fill a rectangle with `pixels` [row, column, 3], row 0 on top, nothing smoothed."""
        self._items.append(Image(x, y, width, height, pixels))

    def boxes(
        self,
        corners: Sequence[tuple[float, float, float, float]],
        *,
        fill: str | None = None,
        edge: str | None = None,
        line: float = 0.5,
    ) -> None:
        """Draw rectangles (x, y, width, height) as one shape."""
        if not corners:
            return
        x, y, width, height = np.array(corners, dtype=np.float64).T
        across = np.stack([x, x + width, x + width, x, x], axis=1)
        along = np.stack([y, y, y + height, y + height, y], axis=1)
        codes = np.array([Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY], dtype=np.uint8)
        points = np.stack([across, along], axis=2).reshape(-1, 2)
        self._items.append(Shape(points, np.tile(codes, len(corners)), fill, edge, line))

    def lines(self, segments: NDArray[np.float64], colour: str, line: float = 0.5) -> None:
        """Draw straight segments [segment, end, (x, y)] as one shape."""
        if len(segments):
            codes = np.tile(np.array([Path.MOVETO, Path.LINETO], dtype=np.uint8), len(segments))
            self._items.append(Shape(segments.reshape(-1, 2), codes, None, colour, line))

    def path(self, path: Path, *, fill: str | None, edge: str | None, line: float = 0.5) -> None:
        """Draw a path, in points from the top left corner, that has its codes."""
        codes = np.asarray(path.codes, dtype=np.uint8)
        vertices = np.asarray(path.vertices, dtype=np.float64)
        self._items.append(Shape(vertices, codes, fill, edge, line))

    def figure(self, width: float, height: float) -> Figure:
        """The sheet, cut to `width` x `height` points, as a figure that any backend can draw.

        Where its style names a model, it is a line higher, and the model stands there.
        """
        height += self._sign(width, height)
        pixel = POINTS_PER_INCH / self.style.dpi
        inches = (np.ceil(width / pixel) / self.style.dpi, np.ceil(height / pixel) / self.style.dpi)
        figure = Figure(figsize=inches, dpi=self.style.dpi, facecolor=PAPER)
        figure.set_layout_engine("none")
        figure.add_artist(Page(tuple(self._items), dict(self._texts)))
        return figure

    def _sign(self, width: float, y: float) -> float:
        """Name the model at the right, from `y` down; of a long name its end. Returns the room."""
        if not self.style.model:
            return 0.0
        names = (in_short(self.style.model, most) for most in range(_LONGEST, 0, -1))
        name = next(
            (name for name in names if self.measure(name, _SIGNED) <= width - 2 * _ASIDE), ""
        )
        self.text(width - _ASIDE, y + 0.6, name, _SIGNED, QUIET, align="right")
        return _ASIDE


class Page(Artist):
    """Hands a sheet to a renderer: images and shapes in their order, then the texts.

    With `writes` off the texts are left out, for a caller who takes them from `markup`.
    """

    def __init__(self, items: tuple[Image | Shape, ...], texts: dict[str, list[Run]]) -> None:
        super().__init__()
        self.items = items
        self.texts = texts
        self.writes = True

    def markup(self) -> str:
        """The texts as SVG elements."""
        return markup(self.texts)

    def small(self, width: float, height: float) -> bytes:
        """The sheet, `width` x `height` points, as an SVG for the page."""
        parts = [
            small.image(item.x, item.y, item.width, item.height, item.pixels)
            if isinstance(item, Image)
            else small.shape(
                item.vertices, item.codes, fill=item.fill, edge=item.edge, line=item.line
            )
            for item in self.items
        ]
        return small.document(width, height, PAPER, (*parts, small.texts(self.texts)))

    def draw(self, renderer: RendererBase) -> None:
        """Draw everything."""
        context = renderer.new_gc()
        scale = float(np.asarray(renderer.points_to_pixels(1.0)))
        _, height = renderer.get_canvas_width_height()
        for item in self.items:
            if isinstance(item, Image):
                _place(renderer, context, item, scale, height)
            else:
                trace(renderer, context, item, scale, height)
        if self.writes:
            upwards = Affine2D().scale(scale, -scale).translate(0.0, height)
            context.set_linewidth(0.0)
            for colour, runs in self.texts.items():
                renderer.draw_path(context, path(runs), upwards, to_rgb(colour))
        context.restore()


def _place(
    renderer: RendererBase, context: GraphicsContextBase, item: Image, scale: float, height: float
) -> None:
    """Draw an image; renderers count its rows from the bottom."""
    rows, columns = item.pixels.shape[:2]
    bottom = height - (item.y + item.height) * scale
    opaque = np.dstack([item.pixels, np.full((rows, columns), 255, np.uint8)])[::-1]
    crisp = min(item.width / columns, item.height / rows) >= _CRISP
    if renderer.option_scale_image() and crisp:
        size = Affine2D().scale(item.width * scale, item.height * scale)
        renderer.draw_image(context, item.x * scale, bottom, opaque, size)
        return
    # Device pixels. In SVG too where cells are tiny: a viewer that scales the image down must
    # be free to smooth it, or it drops whole rows and the diagonals with them.
    device = scale * renderer.get_image_magnification()
    left, right = round(item.x * device), round((item.x + item.width) * device)
    above, below = round(item.y * device), round((item.y + item.height) * device)
    across = _nearest(columns, max(1, right - left))
    along = _nearest(rows, max(1, below - above))
    large = opaque[:, across][along]  # whole rows last: by far the most is copied there
    if renderer.option_scale_image():
        renderer.draw_image(context, item.x * scale, bottom, large)
    else:
        renderer.draw_image(context, left, round(height) - below, large)


def trace(
    renderer: RendererBase, context: GraphicsContextBase, item: Shape, scale: float, height: float
) -> None:
    """Fill and stroke a shape."""
    context.set_linewidth(item.line * scale if item.edge else 0.0)
    context.set_foreground(to_rgb(item.edge or PAPER), isRGBA=False)
    context.set_capstyle("projecting")
    context.set_joinstyle("miter")
    upwards = Affine2D().scale(scale, -scale).translate(0.0, height)
    fill = to_rgb(item.fill) if item.fill else None
    renderer.draw_path(context, Path(item.vertices, item.codes), upwards, fill)


def _nearest(count: int, pixels: int) -> NDArray[np.intp]:
    """Which of `count` cells each of `pixels` pixels shows."""
    return ((np.arange(pixels) + 0.5) * count / pixels).astype(np.intp)
