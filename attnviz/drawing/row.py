"""A row of tokens in reading direction, level where they have room, else upright."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attnviz.drawing.paper import EDGE, PITCH, Paper
from attnviz.drawing.reading import right_to_left
from attnviz.figures import labels as token_labels
from attnviz.figures.labels import Tag
from attnviz.figures.palette import OUTLINE
from attnviz.figures.sheet import Sheet
from attnviz.text.types import TokenLabel

SIZE = 8.0
_LEAST_LEVEL = 6.0
_GAPS = (4.5, 16.0)
_MOST_PITCH = 20.0
_LONGEST = 60.0


@dataclass(frozen=True)
class Row:
    """Tokens with the centre and the length of each label, written in `size` points.

    `height` is what the row takes; `lengths` run across it where labels are upright.
    """

    tags: tuple[Tag, ...]
    centres: tuple[float, ...]
    lengths: tuple[float, ...]
    size: float
    height: float
    upright: bool


def level_width(sheet: Sheet, labels: Sequence[TokenLabel]) -> float:
    """The points that level labels take side by side."""
    _, lengths = _measure(sheet, labels, SIZE)
    return sum(lengths) + (len(labels) - 1) * _GAPS[0] * 1.6


def row(page: Paper, labels: Sequence[TokenLabel]) -> Row:
    """The tokens across the page, the first at the right where the script is read so."""
    made = _level(page, labels) or _upright(page, labels)
    if not right_to_left(labels):
        return made
    mirrored = tuple(2 * EDGE + page.width - centre for centre in made.centres)
    return Row(made.tags, mirrored, made.lengths, made.size, made.height, made.upright)


def _measure(
    sheet: Sheet, labels: Sequence[TokenLabel], size: float
) -> tuple[tuple[Tag, ...], tuple[float, ...]]:
    tags = tuple(
        Tag(place, token_labels.shorten(sheet, label, size, _LONGEST))
        for place, label in enumerate(labels)
    )
    return tags, tuple(token_labels.width(sheet, tag, size) for tag in tags)


def _level(page: Paper, labels: Sequence[TokenLabel]) -> Row | None:
    size = SIZE
    while size >= _LEAST_LEVEL:
        tags, lengths = _measure(page.sheet, labels, size)
        free = page.width - sum(lengths)
        gap = min(free / max(len(labels) - 1, 1), _GAPS[1])
        if gap >= _GAPS[0]:
            break
        size -= 0.5
    else:
        return None
    x, centres = EDGE, []
    for length in lengths:
        centres.append(x + length / 2)
        x += length + gap
    return Row(tags, tuple(centres), lengths, size, 1.35 * size, upright=False)


def _upright(page: Paper, labels: Sequence[TokenLabel]) -> Row:
    pitch = min(page.width / len(labels), _MOST_PITCH)
    size = min(SIZE, pitch / PITCH)
    tags, lengths = _measure(page.sheet, labels, size)
    centres = tuple(EDGE + (place + 0.5) * pitch for place in range(len(labels)))
    return Row(tags, centres, lengths, size, max(lengths) + 3.0, upright=True)


def edges_of(tokens: Row, place: int, y: float, align: float) -> tuple[float, float]:
    """The upper and the lower edge of a token in a row that begins at `y`.

    Of upright labels those that are shorter than the row stand at its top (`align` 0), in the
    middle (0.5) or at its foot (1).
    """
    if not tokens.upright:
        return y, y + tokens.height
    free = tokens.height - tokens.lengths[place] - 2.0
    upper = y + align * free
    return upper, upper + tokens.lengths[place] + 2.0


def write_row(sheet: Sheet, tokens: Row, y: float, align: float, boxed: Sequence[int] = ()) -> None:
    """Write the tokens of a row that begins at `y`, some of them boxed."""
    size = tokens.size
    frames = []
    for place, (tag, centre) in enumerate(zip(tokens.tags, tokens.centres, strict=True)):
        upper, lower = edges_of(tokens, place, y, align)
        if tokens.upright:
            x = centre + 0.36 * size
            token_labels.write(sheet, x, lower - 1.0, tag, size, upright=True)
        else:
            token_labels.write(sheet, centre, lower - 0.38 * size, tag, size, align="center")
        if place in boxed:
            wide = 1.25 * size if tokens.upright else tokens.lengths[place] + 3.0
            frames.append((centre - wide / 2, upper, wide, lower - upper))
    sheet.boxes(frames, edge=OUTLINE, line=0.9)
