"""The rows of few queries as bars, a key a line, each with its number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from attnviz.drawing.drawing import Drawing
from attnviz.drawing.paper import EDGE, Paper, paper
from attnviz.drawing.titles import lens_note, title
from attnviz.drawing.view import DrawingStyle
from attnviz.figures import labels as token_labels
from attnviz.figures.captions import quoted, two
from attnviz.figures.labels import LONGEST, Tag
from attnviz.figures.layout import middle
from attnviz.figures.palette import HAIRLINE, INK, QUIET, hexadecimal
from attnviz.figures.scale import paint
from attnviz.figures.sheet import POINTS_PER_INCH

MOST_SERIES = 4
_MOST_KEYS = 60
_LINE = 10.5
_SIZE = 7.5
_NUMBER = 6.8
_SERIES = 150.0
_LEAST_SERIES = 48.0
_GAP = 8.0
_SHADE = 0.7


@dataclass(frozen=True)
class Series:
    """One row [key], and what it is of."""

    title: str
    weights: NDArray[np.float64]


def series_fit(count: int, style: DrawingStyle) -> bool:
    """Whether so many rows have room side by side."""
    if style.width is None:
        return True
    width = style.width * POINTS_PER_INCH - 2 * EDGE
    return 0.7 * width / count - _GAP >= _LEAST_SERIES or count == 1


def bars(drawing: Drawing, style: DrawingStyle) -> Figure:
    """Draw each row asked for as a column of bars, on one linear scale.

    Of more than 60 keys those with most are drawn, in reading order.
    """
    series = _series(drawing)
    page = paper(style, LONGEST + 10.0 + len(series) * (_SERIES + _GAP))
    sheet = page.sheet
    keys = _shown(series)
    longest = min(LONGEST, 0.3 * page.width)
    numbered = len(keys) < len(drawing.keys)
    tags = [
        Tag(
            line,
            token_labels.shorten(sheet, drawing.keys[key], _SIZE, longest),
            str(key) if numbered else "",
        )
        for line, key in enumerate(keys)
    ]
    left = max(token_labels.width(sheet, tag, _SIZE) for tag in tags) + 5.0
    y = page.heading(title(drawing)) + (0.0 if len(series) == 1 else _NUMBER * 1.4)
    for tag in tags:
        along = middle(y + (tag.cell + 0.5) * _LINE, _SIZE)
        token_labels.write(sheet, EDGE + left - 4.0, along, tag, _SIZE, align="right")
    width = (page.width - left + _GAP) / len(series) - _GAP
    largest = max(float(np.nanmax(row.weights)) for row in series) or 1.0
    for place, row in enumerate(series):
        x = EDGE + left + place * (width + _GAP)
        if len(series) > 1:
            sheet.text(x, y - 3.0, row.title, _NUMBER, INK)
        _draw(page, row.weights[keys] / largest, row.weights[keys], x, y, width)
    y += len(keys) * _LINE + 3.0
    return page.figure(page.small_print(y, [_hidden(series, keys), lens_note(drawing)]))


def _series(drawing: Drawing) -> list[Series]:
    several = len(drawing.query) > 1, len(drawing.panels) > 1
    series = []
    for panel in drawing.panels:
        for place in drawing.query:
            source = f"from {quoted(drawing.queries[place])}"
            name = panel.name if several[1] else ""
            words = " ".join(part for part in (name, source if several[0] else "") if part)
            series.append(Series(words, np.asarray(panel.weights[place], dtype=np.float64)))
    return series


def _shown(series: list[Series]) -> list[int]:
    """The keys that are drawn, in reading order."""
    most = np.max([row.weights for row in series], axis=0)
    return sorted(np.argsort(-most, kind="stable")[:_MOST_KEYS].tolist())


def _hidden(series: list[Series], keys: list[int]) -> str:
    hidden = len(series[0].weights) - len(keys)
    if not hidden:
        return ""
    rest = max(1.0 - float(row.weights[keys].sum() / row.weights.sum()) for row in series)
    share = f"at most {two(rest)}" if len(series) > 1 else two(rest)
    return (
        f"The {len(keys)} keys with most, with their places from 0; the other {hidden} share "
        f"{share}."
    )


def _draw(
    page: Paper,
    lengths: NDArray[np.float64],
    weights: NDArray[np.float64],
    x: float,
    y: float,
    width: float,
) -> None:
    """Draw bars with lengths in 0-1, the number at the end of each."""
    sheet = page.sheet
    number = max(sheet.measure(two(float(weight)), _NUMBER) for weight in weights)
    room = width - number - 4.0
    fill = hexadecimal(paint(np.array([[_SHADE]]), sheet.style)[0, 0].tolist())
    boxes = [
        (x, y + line * _LINE + 1.5, max(float(length) * room, 0.2), _LINE - 3.0)
        for line, length in enumerate(lengths)
    ]
    sheet.boxes(boxes, fill=fill)
    bottom = y + len(lengths) * _LINE
    sheet.lines(np.array([[(x, y), (x, bottom)]]), HAIRLINE, 0.5)
    for (left, top, wide, tall), weight in zip(boxes, weights, strict=True):
        along = middle(top + tall / 2, _NUMBER)
        sheet.text(left + wide + 3.0, along, two(float(weight)), _NUMBER, QUIET)
