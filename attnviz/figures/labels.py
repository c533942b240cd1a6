"""Token labels: measured, shortened, thinned out, and written with their marks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import regex

from attnviz.figures.palette import FAINT, INK, QUIET
from attnviz.figures.sheet import Align, Sheet
from attnviz.text.types import TokenLabel

MOST_LABELLED = 60
"""Sentences of more tokens than this have every k-th token labelled, with its position."""

LONGEST = 72.0
"""Points that a label may take before its middle is left out."""

SPACE_MARK = "·"
_THIN_SPACE = "\u2009"
_PIECE = "#8C8C8C"
_SPECIAL_SIZE = 0.88
_LEAST_PARTS = 3


@dataclass(frozen=True, slots=True)
class Tag:
    """A label at a cell of an axis; `position` is the token's number where labels are thinned."""

    cell: int
    label: TokenLabel
    position: str = ""


def tags(
    sheet: Sheet, labels: tuple[TokenLabel, ...], size: float, block: int, step: int
) -> tuple[Tag, ...]:
    """One tag for every `step`-th cell; a cell stands for `block` tokens and shows the first.

    Positions are given where not every token has its own label.
    """
    numbered = block * step > 1
    return tuple(
        Tag(index // block, shorten(sheet, labels[index], size), str(index) if numbered else "")
        for index in range(0, len(labels), block * step)
    )


def shorten(sheet: Sheet, label: TokenLabel, size: float, longest: float = LONGEST) -> TokenLabel:
    """`label` with its middle left out where it is longer than `longest` points.

    Grapheme clusters (a letter with its accents) are kept whole.
    """
    # Split as it will be seen: a character without a glyph is a code point of many letters.
    clusters = regex.findall(r"\X", sheet.shown(label.text))
    if len(clusters) < _LEAST_PARTS or sheet.measure(label.text, size) <= longest:
        return label
    low, high = 1, len(clusters) - 1
    while low < high:
        count = (low + high + 1) // 2
        if sheet.measure(_without_middle(clusters, count), size) <= longest:
            low = count
        else:
            high = count - 1
    return replace(label, text=_without_middle(clusters, low))


def _without_middle(clusters: list[str], count: int) -> str:
    tail = count // 2
    return "".join([*clusters[: count - tail], "…", *clusters[len(clusters) - tail :]])


def width(sheet: Sheet, tag: Tag, size: float) -> float:
    """The width in points of what `write` draws."""
    return sum(sheet.measure(text, points) for text, points, _ in _runs(tag, size))


def write(
    sheet: Sheet,
    x: float,
    y: float,
    tag: Tag,
    size: float,
    *,
    align: Align = "left",
    upright: bool = False,
    ink: str | None = None,
) -> None:
    """Write a tag with the `align` end of its baseline at (x, y), all in `ink` unless None."""
    shift = {"left": 0.0, "center": 0.5, "right": 1.0}[align] * width(sheet, tag, size)
    for text, points, own in _runs(tag, size):
        colour = ink or own
        if upright:
            sheet.text(x, y + shift, text, points, colour, upright=True)
        else:
            sheet.text(x - shift, y, text, points, colour)
        shift -= sheet.measure(text, points)


def _runs(tag: Tag, size: float) -> list[tuple[str, float, str]]:
    """The pieces of a tag: text, size in points, colour."""
    label = tag.label
    runs = []
    if tag.position:
        runs.append((f"{tag.position}\u2002", size * _SPECIAL_SIZE, FAINT))
    if label.space:
        runs.append((SPACE_MARK, size, FAINT))
        runs.append((_THIN_SPACE, size, FAINT))
    if label.special:
        runs.append((label.text, size * _SPECIAL_SIZE, QUIET))
    else:
        runs.append((label.text, size, _PIECE if label.piece else INK))
    return runs
