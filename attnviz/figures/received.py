"""The sentence as text, each token shaded by the attention it receives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from attnviz.figures import labels as token_labels
from attnviz.figures.kind import FigureStyle, SentenceFigure
from attnviz.figures.labels import Tag
from attnviz.figures.layout import BAR_ROOM, MARGIN, draw_bar, headline, middle, notes, weight_bar
from attnviz.figures.palette import HAIRLINE, QUIET, ink_on, luminance
from attnviz.figures.scale import position, shade
from attnviz.figures.sheet import Sheet
from attnviz.figures.views import SentenceView
from attnviz.figures.words import listing, quoted, two

_WIDTH = 400.0
_SIZE = 9.0
_NUMBER = 5.6
_BOX = 14.5
_BAR = 13.0
_LINE = 41.0
_LIGHT = 0.6
"""On paper darker than this, grey labels get full ink."""

_PAD = 3.0
_GAP = 2.0
_BAR_COLOUR = "#B3B3B3"


@dataclass(frozen=True, slots=True)
class _Word:
    """A token's place: its line, its left edge, the width of its box, in points."""

    tag: Tag
    line: int
    x: float
    width: float


def draw(view: SentenceView, style: FigureStyle) -> Figure:
    """Draw the tokens as running text: shaded by what they receive, a bar over each."""
    sheet = Sheet(style)
    # Per cent, because the numbers must be no wider than short tokens.
    numbers = [two(100.0 * value) for value in view.received.tolist()]
    words = _set(sheet, view, numbers)
    lines = words[-1].line + 1
    text_width = max(word.x + word.width for word in words)
    width = max(MARGIN + text_width + BAR_ROOM, 270.0)
    title = f"Attention received, sentence {view.id}"
    top = headline(sheet, title, "", width - MARGIN) + 4.0
    received = np.asarray(view.received, dtype=np.float64)
    colours = shade(received[:, None], style)[:, 0]  # [token, 3]
    heights = position(received, style.scale)
    for word, height, rgb, number in zip(words, heights, colours.tolist(), numbers, strict=True):
        y = top + word.line * _LINE
        _bar(sheet, word, y, float(height / heights.max()), number)
        _token(sheet, word, y, "#{:02X}{:02X}{:02X}".format(*rgb))
    tall = max(58.0, min(lines * _LINE, 100.0))
    draw_bar(sheet, weight_bar(sheet), MARGIN + text_width + 12.0, top + 6.0, tall)
    small_print = "Numbers: share of all attention, per cent. Bars: on the scale of the colours."
    below = top + max(lines * _LINE, tall + 10.0)
    bottom = notes(sheet, below, small_print, width - MARGIN)
    return sheet.figure(width + MARGIN, bottom + MARGIN)


def _set(sheet: Sheet, view: SentenceView, numbers: list[str]) -> list[_Word]:
    """Break the tokens into lines of at most `_WIDTH` points."""
    words: list[_Word] = []
    x, line = 0.0, 0
    for index, label in enumerate(view.labels):
        tag = Tag(index, token_labels.shorten(sheet, label, _SIZE, _WIDTH / 2))
        number = sheet.measure(numbers[index], _NUMBER) - _PAD
        wide = max(token_labels.width(sheet, tag, _SIZE), number) + 2 * _PAD
        if words and x + wide > _WIDTH:
            x, line = 0.0, line + 1
        words.append(_Word(tag, line, x, wide))
        x += wide + _GAP
    return words


def _bar(sheet: Sheet, word: _Word, y: float, part: float, number: str) -> None:
    """Draw a token's bar, `part` of the tallest, with its number on top."""
    left, floor = MARGIN + word.x, y + _NUMBER + 2.0 + _BAR
    height = _BAR * part
    sheet.boxes([(left, floor - height, word.width, height)], fill=_BAR_COLOUR)
    middle_of = left + word.width / 2
    sheet.text(middle_of, floor - height - 1.5, number, _NUMBER, QUIET, align="center")


def _token(sheet: Sheet, word: _Word, y: float, colour: str) -> None:
    """Draw a token on its shade."""
    left, top = MARGIN + word.x, y + _NUMBER + 2.0 + _BAR + 1.0
    sheet.boxes([(left, top, word.width, _BOX)], fill=colour, edge=HAIRLINE, line=0.35)
    ink = ink_on(colour) if luminance(colour) < _LIGHT else None
    x, baseline = left + word.width / 2, middle(top + _BOX / 2, _SIZE)
    token_labels.write(sheet, x, baseline, word.tag, _SIZE, align="center", ink=ink)


def caption(view: SentenceView) -> str:
    """The three tokens that receive most, against an equal share."""
    order = np.argsort(-np.asarray(view.received, dtype=np.float64), kind="stable")[:3]
    parts = [f"{quoted(view.labels[key])} ({two(float(view.received[key]))})" for key in order]
    return (
        f"Most attention goes to {listing(parts)}; an equal share would be "
        f"{two(1 / len(view.labels))}. Means over all layers, heads and content tokens."
    )


FIGURE = SentenceFigure(
    name="received",
    title="Attention received",
    about="The sentence as text, each token shaded by the attention it receives.",
    formula="mean over layers, heads and content queries i of a_ij, for each key j",
    source="Kovaleva et al. 2019 (vertical)",
    draw=draw,
    caption=caption,
    order=30,
)
