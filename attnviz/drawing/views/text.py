"""The sentence as running text, each token shaded by what it receives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from attnviz.drawing.drawing import Drawing
from attnviz.drawing.edges import received
from attnviz.drawing.heatmap import hundredths
from attnviz.drawing.paper import (
    EDGE,
    LEAST,
    Paper,
    colour_bar,
    colours,
    draw_legend,
    paper,
    top_of,
)
from attnviz.drawing.reading import in_text, right_to_left, spaced
from attnviz.drawing.titles import from_queries, lens_note
from attnviz.drawing.view import DrawingStyle, View
from attnviz.figures import labels as token_labels
from attnviz.figures.captions import titled
from attnviz.figures.labels import Tag
from attnviz.figures.layout import middle
from attnviz.figures.palette import INK, OUTLINE, QUIET, hexadecimal, ink_on, luminance
from attnviz.figures.sheet import Sheet

_WIDTH = 400.0
_SIZES = (7.5, 9.0)
_NARROW = 300.0
_NUMBER = 5.2
_SPACE = 2.6
_PAD = 0.9
_NAME = 8.0
_LIGHT = 0.6
"""On paper darker than this, grey labels get full ink."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a token stands: the line, the left edge and the width in points."""

    line: int
    x: float
    width: float


@dataclass(frozen=True)
class _Text:
    """The tokens of a sentence and their places, in `lines` lines of `size` points."""

    tags: tuple[Tag, ...]
    places: tuple[_Place, ...]
    lines: int
    size: float

    @property
    def box(self) -> float:
        """The height of a token's box."""
        return self.size * 1.5


def draw(drawing: Drawing, style: DrawingStyle) -> Figure:
    """Draw the sentence once for each matrix, the tokens asked for boxed."""
    page = paper(style, _WIDTH)
    sheet = page.sheet
    text = _lay_out(page, drawing)
    own = style.scale == "own"
    single = len(drawing.panels) == 1
    y = page.heading(_title(drawing))
    for panel in drawing.panels:
        if not single:
            sheet.text(EDGE, y + _NAME, panel.name, _NAME, INK)
            y += _NAME * 1.5
        shares = received(drawing, panel)
        top = top_of(shares, style)
        _draw_text(sheet, drawing, text, shares, top, y, values=style.values)
        y += text.lines * _pitch(text, values=style.values) + 3.0
        if own:
            bar = colour_bar(sheet, style, top, "share received")
            y = draw_legend(sheet, bar, EDGE, y, page.width) + 3.0
        y += 0.0 if single else 3.0
    if not own:
        y = draw_legend(sheet, colour_bar(sheet, style, 1.0, "share received"), EDGE, y, page.width)
    notes = [_reading(drawing), lens_note(drawing)]
    if style.values:
        notes.append("Tokens without a number: below 0.005.")
    return page.figure(page.small_print(y, notes))


def _title(drawing: Drawing) -> str:
    name = drawing.panels[0].name if len(drawing.panels) == 1 else ""
    source = from_queries(drawing) or "received from all tokens"
    words = f"{name}, {source}" if name else source[0].upper() + source[1:]
    return titled(words, drawing.stream)


def _reading(drawing: Drawing) -> str:
    if not drawing.query:
        mean = f"Mean over {len(drawing.queries)} queries; shares sum to 1."
        causal = " Later tokens are seen by fewer queries." if drawing.causal else ""
        return mean + causal
    mean = "" if len(drawing.query) == 1 else f"Mean over {len(drawing.query)} queries. "
    return mean + ("" if drawing.stream == "cross" else "The query is boxed.")


def _lay_out(page: Paper, drawing: Drawing) -> _Text:
    """Break the tokens into lines as wide as the page."""
    sheet, keys = page.sheet, drawing.keys
    size = _SIZES[0] if page.width < _NARROW else _SIZES[1]
    tags, places = [], []
    line, x = 0, 0.0
    for place, space in enumerate(spaced(keys)):
        label = token_labels.shorten(sheet, in_text(keys[place]), size, 0.8 * page.width)
        tag = Tag(place, label)
        width = token_labels.width(sheet, tag, size) + 2 * _PAD
        if page.style.values:
            width = max(width, sheet.measure(".88", _NUMBER) + 1.0)
        x += _SPACE if space and x else 0.0
        if x and x + width > page.width:
            line, x = line + 1, 0.0
        tags.append(tag)
        places.append(_Place(line, x, width))
        x += width
    if right_to_left(keys):
        places = [_Place(at.line, page.width - at.x - at.width, at.width) for at in places]
    return _Text(tuple(tags), tuple(places), line + 1, size)


def _pitch(text: _Text, *, values: bool) -> float:
    """The distance of lines."""
    return text.box + (_NUMBER * 1.25 if values else 0.0) + 3.5


def _draw_text(
    sheet: Sheet,
    drawing: Drawing,
    text: _Text,
    shares: NDArray[np.float64],
    top: float,
    y: float,
    *,
    values: bool,
) -> None:
    """Draw the tokens on their shades, from `y` down."""
    shades = colours(sheet, shares[None, :], top)[0].tolist()
    boxed = set(drawing.query) if drawing.stream != "cross" else set()
    frames = []
    for tag, place in zip(text.tags, text.places, strict=True):
        colour = hexadecimal(shades[tag.cell])
        x, upper = EDGE + place.x, y + place.line * _pitch(text, values=values)
        sheet.boxes([(x, upper, place.width, text.box)], fill=colour)
        ink = ink_on(colour) if luminance(colour) < _LIGHT else None
        centre, base = x + place.width / 2, middle(upper + text.box / 2, text.size)
        token_labels.write(sheet, centre, base, tag, text.size, align="center", ink=ink)
        if tag.cell in boxed:
            frames.append((x, upper, place.width, text.box))
        if values:
            number = hundredths(float(shares[tag.cell]))
            lower = upper + text.box + _NUMBER
            sheet.text(centre, lower, number, max(_NUMBER, LEAST), QUIET, align="center")
    sheet.boxes(frames, edge=OUTLINE, line=1.0)


VIEW = View(
    name="text",
    title="Text",
    about="The sentence as running text, each token shaded by what it receives.",
    draw=draw,
    order=40,
)
