"""Text as outlines: laid out once for each string, drawn in as few strokes as the format allows.

Laying out text is what costs most in a figure, and the tokens of a sentence come back in each of
its figures. So outlines are kept, and a renderer is handed all text of one colour at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from matplotlib.font_manager import FontProperties, fontManager, get_font
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.textpath import text_to_path
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""Vertices [vertex, (x, y)], y downwards."""
Codes = NDArray[np.uint8]

UNIT = 10.0
"""The size in points at which outlines are kept."""

_FIXED = 64.0


@dataclass(frozen=True, slots=True)
class Line:
    """A string laid out at `UNIT` points: its glyphs, where each starts, the whole width.

    `names` tell glyphs of different fonts apart; `starts` [glyph, (x, y)] is from the left end
    of the baseline.
    """

    names: tuple[str, ...]
    glyphs: tuple[tuple[Points, Codes], ...]
    starts: Points
    width: float


@dataclass(frozen=True, slots=True)
class Run:
    """A line put on the page: the left (`upright`: lower) end of its baseline, in points."""

    line: Line
    x: float
    y: float
    size: float
    upright: bool

    def place(self, points: Points) -> Points:
        """From the line's own coordinates to the page's."""
        return self.turn(points) + (self.x, self.y)

    def turn(self, points: Points) -> Points:
        """The same without moving them, as for a glyph that is moved later."""
        turned = np.column_stack([points[:, 1], -points[:, 0]]) if self.upright else points
        return turned * (self.size / UNIT)


def whole(runs: list[Run]) -> tuple[Points, Codes]:
    """All runs as one path: the fastest way where the result is pixels."""
    points = [
        run.place(outline + start)
        for run in runs
        for (outline, _), start in zip(run.line.glyphs, run.line.starts, strict=True)
    ]
    codes = [codes for run in runs for _, codes in run.line.glyphs]
    if not points:
        return np.zeros((0, 2)), np.zeros(0, dtype=np.uint8)
    return np.concatenate(points), np.concatenate(codes)


def by_glyph(runs: list[Run]) -> Iterator[tuple[Points, Codes, Points]]:
    """Each glyph once, and all its places [place, (x, y)]: the smallest way where it is a file."""
    shapes: dict[tuple[str, float, bool], tuple[Points, Codes]] = {}
    places: dict[tuple[str, float, bool], list[Points]] = {}
    for run in runs:
        starts = run.place(run.line.starts)
        for name, (outline, codes), start in zip(
            run.line.names, run.line.glyphs, starts, strict=True
        ):
            key = (name, run.size, run.upright)
            if key not in shapes:
                shapes[key] = run.turn(outline), codes
            places.setdefault(key, []).append(start)
    for key, (outline, codes) in shapes.items():
        yield outline, codes, np.array(places[key])


@lru_cache(maxsize=4096)
def typeset(text: str, fonts: tuple[str, ...]) -> Line:
    """Lay out `text`: shaped, from right to left where its script is, with font fallback."""
    font = _face(fonts)
    font.set_size(text_to_path.FONT_SCALE, text_to_path.DPI)
    font.set_text(text, 0.0, flags=LoadFlags.NO_HINTING)
    scale = UNIT / text_to_path.FONT_SCALE
    width = font.get_width_height()[0] / _FIXED * scale
    placed, outlines, _ = text_to_path.get_glyphs_with_font(font, text)
    found = []
    for name, x, y, _ in placed:
        points, codes = outlines[name]
        if len(points):
            outline = np.asarray(points, dtype=np.float64) * (scale, -scale)
            found.append((name, (outline, np.asarray(codes, dtype=np.uint8)), (x, y)))
    starts = np.array([start for _, _, start in found], dtype=np.float64).reshape(-1, 2)
    return Line(
        tuple(name for name, _, _ in found),
        tuple(glyph for _, glyph, _ in found),
        starts * (scale, -scale),
        float(width),
    )


def _face(families: tuple[str, ...]) -> FT2Font:
    """The font that falls back from one family to the next."""
    return get_font(
        [
            fontManager.findfont(FontProperties(family=[family]), fallback_to_default=False)
            for family in families
        ]
    )
