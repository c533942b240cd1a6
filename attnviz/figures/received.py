"""The sentence as text, each token shaded by the attention it receives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from attnviz.figures import labels as token_labels
from attnviz.figures.captions import listing, location, plural, quoted, two
from attnviz.figures.figure import ReportFigure
from attnviz.figures.labels import Tag
from attnviz.figures.layout import (
    BAR_ROOM,
    MARGIN,
    SMALL,
    draw_bar,
    headline,
    middle,
    notes,
    weight_bar,
)
from attnviz.figures.palette import HAIRLINE, QUIET, hexadecimal, ink_on, luminance
from attnviz.figures.scale import position, shade
from attnviz.figures.sheet import Sheet
from attnviz.figures.style import FigureStyle
from attnviz.figures.views import POOLED, Floats, SentenceView

_WIDTH = 400.0
_SIZE = 9.0
_NUMBER = 5.6
_BOX = 14.5
_BAR = 13.0
_LINE = 41.0
_ABOVE = _NUMBER + _BAR + 3.0
_STRETCHES = 3
_STRETCH = 40
"""Of a long text this many stretches of this many tokens are shown."""

_LIGHT = 0.6
"""On paper darker than this, grey labels get full ink."""

_PAD = 3.0
_GAP = 2.0
_BAR_COLOUR = "#B3B3B3"


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in the running text: the line, the left edge and the width in points."""

    line: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class _Text:
    """The tokens shown, their numbers and places; `gaps` are notes on tokens left out between."""

    tags: tuple[Tag, ...]
    numbers: tuple[str, ...]
    places: tuple[_Place, ...]
    gaps: tuple[tuple[str, _Place], ...]


def stretches(received: Floats) -> tuple[tuple[int, int], ...]:
    """The half-open ranges of tokens that are shown: all, or those around what receives most.

    Each is centred on the token that receives most of those not shown yet.
    """
    count = len(received)
    if count <= POOLED:
        return ((0, count),)
    shown = np.zeros(count + 2, dtype=bool)
    for _ in range(_STRETCHES):
        top = int(np.where(shown[1:-1], -np.inf, received).argmax())
        first = min(max(0, top - _STRETCH // 2), count - _STRETCH)
        shown[first + 1 : first + 1 + _STRETCH] = True
    edges = np.flatnonzero(shown[1:] != shown[:-1]).reshape(-1, 2)
    return tuple((int(first), int(end)) for first, end in edges)


def draw(view: SentenceView, style: FigureStyle) -> Figure:
    """Draw the tokens as running text: shaded by what they receive, a bar over each."""
    sheet = Sheet(style)
    text = _lay_out(sheet, view)
    places = (*text.places, *(place for _, place in text.gaps))
    lines = max(place.line for place in places) + 1
    text_width = max(place.x + place.width for place in places)
    width = max(MARGIN + text_width + BAR_ROOM, 270.0)
    title = f"Attention received, {location(view.id, view.stream)}"
    top = headline(sheet, title, "", width - MARGIN) + 4.0
    _draw_tokens(sheet, view, text, top)
    for skipped, place in text.gaps:
        baseline = middle(top + place.line * _LINE + _ABOVE + _BOX / 2, SMALL)
        sheet.text(MARGIN + place.x + _PAD, baseline, skipped, SMALL, QUIET)
    tall = max(58.0, min(lines * _LINE, 100.0))
    draw_bar(sheet, weight_bar(sheet), MARGIN + text_width + 12.0, top + 6.0, tall)
    small_print = "Numbers: share of all attention, per cent. Bars: on the scale of the colours."
    if text.gaps:
        small_print += " After a gap: the token’s position, from 0."
    below = top + max(lines * _LINE, tall + 10.0)
    bottom = notes(sheet, below, small_print, width - MARGIN)
    return sheet.figure(width + MARGIN, bottom + MARGIN)


def _lay_out(sheet: Sheet, view: SentenceView) -> _Text:
    """Break the tokens that are shown into lines of at most `_WIDTH` points."""
    tags: list[Tag] = []
    numbers: list[str] = []
    places: list[_Place] = []
    gaps: list[tuple[str, _Place]] = []
    count, done, at = len(view.keys), 0, _Place(0, 0.0, -_GAP)
    for first, end in (*stretches(view.received), (count, count)):
        if skipped := first - done:
            words = f"… {plural(skipped, 'token')} …"
            wide = sheet.measure(words, SMALL) + 2 * _PAD
            # The last one may overhang: it needs no line of its own.
            at = _Place(at.line, at.x + at.width, wide) if first == count else _next(at, wide)
            gaps.append((words, at))
        for index in range(first, end):
            # Per cent, because the numbers must be no wider than short tokens.
            number = two(100.0 * float(view.received[index]))
            label = token_labels.shorten(sheet, view.keys[index], _SIZE, _WIDTH / 2)
            tag = Tag(index, label, str(index) if skipped and index == first else "")
            least = sheet.measure(number, _NUMBER) - _PAD
            at = _next(at, max(token_labels.width(sheet, tag, _SIZE), least) + 2 * _PAD)
            tags.append(tag)
            numbers.append(number)
            places.append(at)
        done = end
    return _Text(tuple(tags), tuple(numbers), tuple(places), tuple(gaps))


def _next(before: _Place, width: float) -> _Place:
    """The place after another: on its line, or where that is full on a new one."""
    x = before.x + before.width + _GAP
    if x > 0.0 and x + width > _WIDTH:
        return _Place(before.line + 1, 0.0, width)
    return _Place(before.line, x, width)


def _draw_tokens(sheet: Sheet, view: SentenceView, text: _Text, top: float) -> None:
    """Draw the tokens on their shades, a bar with a number over each."""
    received = np.asarray(view.received, dtype=np.float64)[[tag.cell for tag in text.tags]]
    colours = shade(received[:, None], sheet.style)[:, 0].tolist()  # [token, 3]
    heights = position(received, sheet.style.scale)
    fractions = (heights / heights.max()).tolist()
    for index, place in enumerate(text.places):
        y = top + place.line * _LINE
        _bar(sheet, place, y, fractions[index], text.numbers[index])
        _token(sheet, place, y, text.tags[index], hexadecimal(colours[index]))


def _bar(sheet: Sheet, place: _Place, y: float, fraction: float, number: str) -> None:
    """Draw a token's bar, `part` of the tallest, with its number on top."""
    left, floor = MARGIN + place.x, y + _ABOVE - 1.0
    height = _BAR * fraction
    sheet.boxes([(left, floor - height, place.width, height)], fill=_BAR_COLOUR)
    middle_of = left + place.width / 2
    sheet.text(middle_of, floor - height - 1.5, number, _NUMBER, QUIET, align="center")


def _token(sheet: Sheet, place: _Place, y: float, tag: Tag, colour: str) -> None:
    """Draw a token on its shade."""
    left, top = MARGIN + place.x, y + _ABOVE
    sheet.boxes([(left, top, place.width, _BOX)], fill=colour, edge=HAIRLINE, line=0.35)
    ink = ink_on(colour) if luminance(colour) < _LIGHT else None
    x, baseline = left + place.width / 2, middle(top + _BOX / 2, _SIZE)
    token_labels.write(sheet, x, baseline, tag, _SIZE, align="center", ink=ink)


def caption(view: SentenceView) -> str:
    """The three tokens that receive most, against an equal share."""
    received = np.asarray(view.received, dtype=np.float64)
    order = np.argsort(-received, kind="stable")[:3]
    shown = stretches(received)
    whole = sum(end - first for first, end in shown) == len(received)
    places = ["" if whole else f" at {key}" for key in order]
    parts = [
        f"{quoted(view.keys[key])}{place} ({_share(received[key], whole=whole)})"
        for key, place in zip(order, places, strict=True)
    ]
    hidden = 1.0 - sum(received[first:end].sum() for first, end in shown) / received.sum()
    left_out = f" {two(float(hidden))} of the mass received is on tokens not shown."
    return (
        f"Most attention goes to {listing(parts)}; an equal share would be "
        f"{_share(1 / len(received), whole=whole)}. Means over all layers, heads and content "
        f"tokens.{'' if whole else left_out}"
    )


def _share(fraction: float, *, whole: bool) -> str:
    """A share of the attention; of long texts, where shares are small, in per cent."""
    return two(float(fraction)) if whole else f"{two(100.0 * float(fraction))} %"


FIGURE = ReportFigure(
    view=SentenceView,
    name="received",
    title="Attention received",
    about="The sentence as text, each token shaded by the attention it receives.",
    formula="mean over layers, heads and content queries i of a_ij, for each key j",
    source="Kovaleva et al. 2019 (vertical)",
    draw=draw,
    caption=caption,
    order=30,
)
