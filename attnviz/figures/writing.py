"""Lays text out as outlines, and writes it as a path (PNG) or as SVG elements.

Layout is the most costly step of a figure, and a sentence's tokens appear in each of its figures:
outlines are cached. For PNG all text of one colour becomes one path; SVG defines each glyph once
and refers to it, which makes it four times smaller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from matplotlib.ft2font import LoadFlags
from matplotlib.path import Path
from matplotlib.textpath import text_to_path
from numpy.typing import NDArray

from attnviz.figures.fonts import face

Points = NDArray[np.float64]
"""Vertices [vertex, (x, y)], y downwards."""
Codes = NDArray[np.uint8]

UNIT = 10.0
"""The size in points at which outlines are kept."""

_EM = 1000
_FIXED = 64.0
_COMMANDS = {1: ("M", 1), 2: ("L", 1), 3: ("Q", 2), 4: ("C", 3), 79: ("Z", 1)}
"""Path codes of matplotlib -> SVG's letter, and how many vertices belong to it."""


@dataclass(frozen=True, slots=True)
class Line:
    """A string, `text`, laid out at `UNIT` points, from the left end of its baseline.

    `outline` and `codes` are the whole as one path. `glyphs` are for SVG: a name that is unique
    among all fonts, path data, and the start (x, y), both in thousandths of the font size.
    """

    text: str
    outline: Points
    codes: Codes
    glyphs: tuple[tuple[str, str, int, int], ...]
    width: float


@dataclass(frozen=True, slots=True)
class Run:
    """A line on the page: (x, y) is the left (`upright`: lower) end of its baseline, in points."""

    line: Line
    x: float
    y: float
    size: float
    upright: bool

    def placed(self) -> Points:
        """The outline where it stands on the page."""
        points = self.line.outline
        turned = np.column_stack([points[:, 1], -points[:, 0]]) if self.upright else points
        return turned * (self.size / UNIT) + (self.x, self.y)


def path(runs: list[Run]) -> Path:
    """All runs as one path, in points from the top left corner."""
    return Path(
        np.concatenate([run.placed() for run in runs]),
        np.concatenate([run.line.codes for run in runs]),
    )


def markup(texts: Mapping[str, list[Run]]) -> str:
    """The runs of each colour as SVG elements, in points from the top left corner."""
    names: dict[str, str] = {}
    shapes: list[str] = []
    groups: list[str] = []
    for colour, runs in texts.items():
        groups.append(f'<g fill="{colour}">')
        for run in runs:
            turn = " rotate(-90)" if run.upright else ""
            scale = f"scale({run.size / _EM:.5g})"
            groups.append(f'<g transform="translate({run.x:.2f} {run.y:.2f}){turn} {scale}">')
            for name, data, x, y in run.line.glyphs:
                if name not in names:
                    names[name] = f"g{len(names)}"
                    shapes.append(f'<path id="{names[name]}" d="{data}"/>')
                groups.append(f'<use xlink:href="#{names[name]}" x="{x}" y="{y}"/>')
            groups.append("</g>")
        groups.append("</g>\n")
    return f"<defs>{''.join(shapes)}</defs>\n{''.join(groups)}"


@lru_cache(maxsize=4096)
def width_of(text: str, fonts: tuple[str, ...]) -> float:
    """The width of `text` at `UNIT` points: what lines are broken by, many for each that is set."""
    font = face(fonts)
    font.set_size(text_to_path.FONT_SCALE, text_to_path.DPI)
    font.set_text(text, 0.0, flags=LoadFlags.NO_HINTING)
    return float(font.get_width_height()[0]) / _FIXED * (UNIT / text_to_path.FONT_SCALE)


@lru_cache(maxsize=4096)
def typeset(text: str, fonts: tuple[str, ...]) -> Line:
    """Lay out `text`: shaped, from right to left where its script is, with font fallback."""
    font = face(fonts)
    font.set_size(text_to_path.FONT_SCALE, text_to_path.DPI)
    scale = UNIT / text_to_path.FONT_SCALE
    laid_out, outlines, _ = text_to_path.get_glyphs_with_font(font, text)
    glyphs = [(name, *outlines[name], x, y) for name, x, y, _ in laid_out if len(outlines[name][0])]
    moved = [np.add(points, np.array([x, y])) for _, points, _, x, y in glyphs]
    per_em = _EM / text_to_path.FONT_SCALE
    return Line(
        text=text,
        outline=np.concatenate([np.zeros((0, 2)), *moved]) * (scale, -scale),
        codes=np.concatenate(
            [np.zeros(0, dtype=np.uint8), *(codes for _, _, codes, _, _ in glyphs)]
        ),
        glyphs=tuple(
            (name, _data(np.asarray(points) * (per_em, -per_em), codes), *_whole(x, y, per_em))
            for name, points, codes, x, y in glyphs
        ),
        width=width_of(text, fonts),
    )


def _whole(x: float, y: float, scale: float) -> tuple[int, int]:
    """A place, y upwards, as whole units, y downwards."""
    return round(x * scale), round(-y * scale)


def _data(points: Points, codes: Codes) -> str:
    """The `d` of an SVG path in whole units."""
    return commands([f"{x} {y}" for x, y in np.rint(points).astype(int).tolist()], codes)


def commands(numbers: Sequence[str], codes: Codes) -> str:
    """The `d` of an SVG path: `numbers` are its vertices, "x y", `codes` matplotlib's."""
    parts: list[str] = []
    index = 0
    while index < len(numbers):
        letter, count = _COMMANDS[int(codes[index])]
        operands = " ".join(numbers[index : index + count]) if letter != "Z" else ""
        parts.append(letter + operands)
        index += count
    return "".join(parts)
