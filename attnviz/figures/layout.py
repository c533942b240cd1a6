"""The parts that all figures share: headline, notes and colour bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from attnviz.figures.palette import HAIRLINE, INK, QUIET
from attnviz.figures.scale import paint, position, ticks
from attnviz.figures.sheet import Sheet
from attnviz.figures.views import Floats

MARGIN = 8.0
TITLE = 9.5
SMALL = 6.8
BAR_ROOM = 38.0
"""Points that a colour bar takes at the right of a picture, with its gap and its numbers."""

_LEADING = 1.35
_MIDDLE = 0.36


def middle(y: float, size: float) -> float:
    """The baseline that centres digits and letters of `size` points on `y`."""
    return y + _MIDDLE * size


def headline(
    sheet: Sheet, title: str, subtitle: str, width: float, margin: float = MARGIN
) -> float:
    """Write title and subtitle at the top, wrapped to `width`; returns the y below them."""
    y = margin
    for line in wrap(sheet, title, TITLE, width):
        y += TITLE * _LEADING
        sheet.text(margin, y - TITLE * 0.35, line, TITLE, INK)
    for line in wrap(sheet, subtitle, SMALL, width):
        y += SMALL * _LEADING
        sheet.text(margin, y - SMALL * 0.2, line, SMALL, QUIET)
    return y + 7.0


def notes(sheet: Sheet, y: float, text: str, width: float, margin: float = MARGIN) -> float:
    """Write small print from `y` down, wrapped to `width`; returns the y below it."""
    lines = wrap(sheet, text, SMALL, width)
    for line in lines:
        y += SMALL * _LEADING
        sheet.text(margin, y, line, SMALL, QUIET)
    return y + (2.0 if lines else 0.0)


def wrap(sheet: Sheet, text: str, size: float, width: float) -> list[str]:
    """Break `text` at spaces into lines of at most `width` points; single words may overhang."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and sheet.measure(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


@dataclass(frozen=True, slots=True)
class Bar:
    """A colour bar: `colours` from bottom to top (places on the scale) and its marks.

    `marks` are (place in 0-1, label).
    """

    name: str
    colours: Floats
    marks: tuple[tuple[float, str], ...]


def weight_bar(sheet: Sheet, name: str = "weight") -> Bar:
    """The bar of attention weights, labelled in true weights whatever the scale."""
    marks = ticks(sheet.style.scale)
    places = position(np.array(marks), sheet.style.scale)
    labels = tuple((float(place), f"{mark:g}") for place, mark in zip(places, marks, strict=True))
    return Bar(name, np.linspace(0.0, 1.0, 256), labels)


def linear_bar(name: str, values: Sequence[float], top: float, *, dark: float = 1.0) -> Bar:
    """The bar of a linear scale from 0 to `top`; `dark` = 0 turns it so that zero is darkest."""
    colours = np.linspace(1.0 - dark, dark, 256)
    return Bar(name, colours, tuple((value / top, f"{value:g}") for value in values))


def draw_bar(sheet: Sheet, bar: Bar, x: float, y: float, height: float) -> None:
    """Draw `bar` in a column 7 points wide, its name above, its labels at the right."""
    width = 7.0
    sheet.text(x, y - 6.0, bar.name, SMALL, QUIET)
    sheet.image(x, y, width, height, paint(bar.colours[::-1, None], sheet.style))
    sheet.boxes([(x, y, width, height)], edge=HAIRLINE, line=0.4)
    levels = [y + height * (1.0 - place) for place, _ in bar.marks]
    for level, (_, label) in zip(levels, bar.marks, strict=True):
        sheet.text(x + width + 4.0, middle(level, SMALL), label, SMALL, QUIET)
    segments = np.array([[(x + width, at), (x + width + 2.0, at)] for at in levels])
    sheet.lines(segments, QUIET, 0.4)


def round_ticks(top: float) -> tuple[tuple[float, ...], float]:
    """Some round numbers from 0 that cover `top`, and the last of them: ((0, 1, 2, 3), 3)."""
    if not np.isfinite(top) or top <= 0.0:
        return (0.0, 1.0), 1.0
    power = 10.0 ** np.floor(np.log10(top / 4.0))
    step = next(size * power for size in (1.0, 2.0, 2.5, 5.0, 10.0) if top / (size * power) <= 5.0)
    count = int(np.ceil(top / step - 1e-9))
    marks = tuple(round(float(step * index), 10) for index in range(count + 1))
    return marks, marks[-1]
