"""Writes a sheet as an SVG that is small enough for a page.

Text is text, squeezed or stretched to the width that it was laid out with, in whatever font of
that kind the reader has; images hold one pixel a cell, or few, of a palette. The files in
`figures/` have outlines in place of text, and look the same everywhere.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from html import escape

import numpy as np
from numpy.typing import NDArray

from attnviz.figures import png
from attnviz.figures.writing import UNIT, Run

_DPI = 192.0
_POINTS_PER_INCH = 72.0
_CRISP = 1.5
_LEVELS = 32
_CLOSE = 79
_MOVE = 1
_FAMILY = "DejaVu Sans,Verdana,Noto Sans,sans-serif"


def document(width: float, height: float, paper: str, parts: Iterable[str]) -> bytes:
    """The whole drawing, `width` x `height` points, on paper."""
    head = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{_short(width)}pt' "
        f"height='{_short(height)}pt' viewBox='0 0 {_short(width)} {_short(height)}'>"
        f"<path fill='{paper}' d='M0 0H{_short(width)}V{_short(height)}H0z'/>"
    )
    return f"{head}{''.join(parts)}</svg>".encode()


def image(x: float, y: float, width: float, height: float, pixels: NDArray[np.uint8]) -> str:
    """An image [row, column, 3] that fills a rectangle, its pixels sharp where they are large.

    Small ones come twice each way, so that a viewer may smooth them and drops none, their colours
    rounded to 32 levels a channel.
    """
    rows, columns = pixels.shape[:2]
    cell = min(width / columns, height / rows)
    style = " style='image-rendering:pixelated'"
    if cell < _CRISP:
        times, style = 1 if cell * _DPI < _POINTS_PER_INCH else 2, ""
        pixels = _rounded(pixels).repeat(times, 0).repeat(times, 1)
    data = base64.b64encode(png.encode_palette(pixels)).decode()
    place = f'x="{_short(x)}" y="{_short(y)}" width="{_short(width)}" height="{_short(height)}"'
    return f'<image {place} preserveAspectRatio="none"{style} href="data:image/png;base64,{data}"/>'


def _rounded(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The nearest colours of `_LEVELS` a channel; black and white stay."""
    steps = _LEVELS - 1
    return np.rint(np.rint(pixels / 255.0 * steps) / steps * 255.0).astype(np.uint8)


def shape(
    vertices: NDArray[np.float64],
    codes: NDArray[np.uint8],
    *,
    fill: str | None,
    edge: str | None,
    line: float,
) -> str:
    """A path of straight lines: `vertices` [vertex, (x, y)] and matplotlib's `codes`."""
    steps: list[str] = []
    last = (float("nan"), float("nan"))
    for (x, y), code in zip(vertices.round(2).tolist(), codes.tolist(), strict=True):
        if code == _CLOSE:
            steps.append("z")
        elif code == _MOVE:
            steps.append(f"M{_short(x)} {_short(y)}" if last != (x, y) else "")
        elif y == last[1]:
            steps.append(f"H{_short(x)}")
        elif x == last[0]:
            steps.append(f"V{_short(y)}")
        else:
            steps.append(f"L{_short(x)} {_short(y)}")
        last = (x, y)
    stroke = f" stroke='{edge}' stroke-width='{_short(line)}' stroke-linecap='square'"
    return f"<path fill='{fill or 'none'}'{stroke if edge else ''} d='{''.join(steps)}'/>"


def texts(runs: Mapping[str, list[Run]]) -> str:
    """The runs of each colour, each as wide as it was laid out; those of one look together."""
    looks: dict[tuple[str, float, bool], list[Run]] = {}
    for colour, lines in runs.items():
        for run in lines:
            looks.setdefault((colour, run.size, run.upright), []).append(run)
    groups = []
    for (colour, size, upright), lines in looks.items():
        turn = " transform='rotate(-90)'" if upright else ""
        written = "".join(map(_text, lines))
        groups.append(f"<g fill='{colour}' font-size='{_short(size)}'{turn}>{written}</g>")
    return f"<g font-family='{_FAMILY}' xml:space='preserve'>{''.join(groups)}</g>"


def _text(run: Run) -> str:
    """A run in a group that is turned where it is upright."""
    x, y = (-run.y, run.x) if run.upright else (run.x, run.y)
    fit = f" textLength='{_short(run.line.width * run.size / UNIT)}'"
    return (
        f"<text x='{_short(x)}' y='{_short(y)}'{fit if len(run.line.text) > 1 else ''}>"
        f"{escape(run.line.text, quote=False)}</text>"
    )


def _short(number: float) -> str:
    """A number with two decimals at most."""
    return f"{number:.2f}".rstrip("0").rstrip(".")
