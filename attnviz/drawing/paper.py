"""The sheet of a drawing: as wide as was asked for, with a legend of its colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.figure import Figure

from attnviz.drawing.view import DrawingStyle
from attnviz.figures.captions import two
from attnviz.figures.layout import Bar, headline, notes, round_ticks, weight_bar
from attnviz.figures.palette import HAIRLINE, QUIET
from attnviz.figures.scale import Pixels, paint, shade
from attnviz.figures.sheet import POINTS_PER_INCH, Sheet
from attnviz.figures.views import Floats

EDGE = 4.0
"""Points that stay white at each side."""

PAGE = 500.0
"""The width in points of drawings of many parts, where none is asked for."""

TALLEST = 680.0
"""The height in points that a page has."""

LEAST = 5.0
"""Points: the smallest text that can be read in print."""

PITCH = 1.24
"""The least distance of labels, as a multiple of their size."""

_SMALL = 6.4
_BAR_LENGTH = 130.0
_BAR_HEIGHT = 5.0


@dataclass(frozen=True, slots=True)
class Paper:
    """A sheet and the `width` between its edges in points; `fixed`: as it was asked for."""

    sheet: Sheet
    style: DrawingStyle
    width: float
    fixed: bool

    def heading(self, title: str, subtitle: str = "") -> float:
        """Write what stands on top; returns the y below it."""
        return headline(self.sheet, title, subtitle, self.width, EDGE) - 2.0

    def small_print(self, y: float, sentences: Sequence[str]) -> float:
        """Write the sentences that are not empty from `y` down; returns the y below them."""
        text = " ".join(sentence for sentence in sentences if sentence)
        return notes(self.sheet, y, text, self.width, EDGE)

    def figure(self, bottom: float) -> Figure:
        """The drawing, that ends at `bottom`, exactly as wide as the paper."""
        figure = self.sheet.figure(self.width + 2 * EDGE, bottom + EDGE)
        width = (self.width + 2 * EDGE) / POINTS_PER_INCH
        figure.set_size_inches(self.style.width or width, figure.get_figheight())
        return figure


def paper(style: DrawingStyle, natural: float = PAGE) -> Paper:
    """The paper of a drawing that is `natural` points wide where no width is asked for."""
    scale = "linear" if style.scale == "own" else style.scale
    sheet = Sheet(replace(style.figure, scale=scale))
    if style.width is None:
        return Paper(sheet, style, natural, fixed=False)
    return Paper(sheet, style, style.width * POINTS_PER_INCH - 2 * EDGE, fixed=True)


def top_of(weights: Floats, style: DrawingStyle) -> float:
    """The weight at which the colours of a matrix end."""
    if style.scale != "own":
        return 1.0
    finite = weights[np.isfinite(weights)]
    return float(finite.max()) if finite.size and finite.max() > 0.0 else 1.0


def colours(sheet: Sheet, weights: Floats, top: float) -> Pixels:
    """The colours of weights [row, column] on a scale that ends at `top`."""
    return shade(weights / top, sheet.style)


def colour_bar(sheet: Sheet, style: DrawingStyle, top: float, name: str = "weight") -> Bar:
    """The bar of a scale that ends at `top`, labelled in true weights."""
    if style.scale != "own":
        return weight_bar(sheet, name)
    ticks, _ = round_ticks(top)
    marks = [(tick / top, f"{tick:g}") for tick in ticks if tick < 0.87 * top]
    return Bar(name, np.linspace(0.0, 1.0, 256), (*marks, (1.0, two(top))))


def draw_legend(sheet: Sheet, bar: Bar, x: float, y: float, width: float) -> float:
    """Draw a bar from left to right, its name beside it, in at most `width` points.

    Marks that have no room are left out, never the first and the last. Returns the y below.
    """
    half = sheet.measure(bar.marks[-1][1], _SMALL) / 2
    name = sheet.measure(bar.name, _SMALL) + max(half, 4.0) + 2.0
    length = min(_BAR_LENGTH, max(width - name, 20.0))
    sheet.image(x, y, length, _BAR_HEIGHT, paint(bar.colours[None, :], sheet.style))
    sheet.boxes([(x, y, length, _BAR_HEIGHT)], edge=HAIRLINE, line=0.4)
    sheet.text(x + length + max(half, 4.0) + 2.0, y + _BAR_HEIGHT, bar.name, _SMALL, QUIET)
    below = y + _BAR_HEIGHT
    last = x + length - half
    end = -np.inf
    shown = []
    for place, label in bar.marks:
        wide = sheet.measure(label, _SMALL)
        left = x if place == 0.0 else x + place * length - wide / 2
        if place == 1.0 or (left > end + 2.0 and left + wide + 2.0 < last):
            sheet.text(left, below + _SMALL + 1.6, label, _SMALL, QUIET)
            shown.append(x + place * length)
            end = left + wide
    segments = np.array([[(at, below), (at, below + 1.6)] for at in shown])
    sheet.lines(segments, QUIET, 0.4)
    return below + _SMALL + 4.0


def size_for(pitch: float) -> float:
    """The size of labels that stand `pitch` points apart; `LEAST` where they need more."""
    return min(max(pitch / PITCH, LEAST), 7.5 if pitch < 22.0 else 8.5)


def step_for(pitch: float) -> int:
    """1 where labels have room at so many points apart, else k: each k-th is written."""
    return max(1, int(np.ceil(LEAST * PITCH / pitch - 1e-9)))
