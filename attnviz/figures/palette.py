"""The colours of every figure and page: one for each family of roles, and the inks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        "position": "#0072B2",
        "sink": "#E69F00",
        "punctuation": "#F0E442",
        "copy": "#D55E00",
        "syntax": "#009E73",
        "meaning": "#CC79A7",
        "shape": "#56B4E9",
        "none": "#999999",
    }
)
"""Family -> colour, Okabe-Ito, which the colour-blind tell apart. The order is the legend's."""

PAPER = "#FFFFFF"
INK = "#1A1A1A"
QUIET = "#6B6B6B"
FAINT = "#B4B4B4"
HAIRLINE = "#DADADA"
GAP = "#EBEBEB"
OUTLINE = FAMILIES["copy"]


def channels(colour: str) -> tuple[int, int, int]:
    """The red, green and blue of "#RRGGBB", each 0-255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def hexadecimal(pixel: Iterable[int]) -> str:
    """Red, green and blue, each 0-255, as "#RRGGBB"."""
    return "#" + "".join(f"{channel:02X}" for channel in pixel)


def tint(colour: str, strength: float) -> str:
    """`colour` mixed with the paper: 0 is the paper, 1 the full colour."""
    part = min(max(strength, 0.0), 1.0)
    return hexadecimal(round(255 + (value - 255) * part) for value in channels(colour))


def on_paper(colour: str) -> str:
    """`colour`, darkened where a thin line of it would be too pale on paper."""
    strength = min(1.0, (_EDGE / luminance(colour)) ** 0.5) if luminance(colour) > 0 else 1.0
    return hexadecimal(round(value * strength) for value in channels(colour))


def ink_on(colour: str) -> str:
    """The ink that reads best on `colour`: nearly black, or the paper."""
    return INK if luminance(colour) > _EVEN_CONTRAST else PAPER


def luminance(colour: str) -> float:
    """The relative luminance of "#RRGGBB": 0 is black, 1 the paper."""
    red, green, blue = (_linear(value / 255) for value in channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    """An sRGB channel as linear light."""
    return float(value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4)


_EDGE = 0.3
"""The luminance of the palest line: a contrast of 3 with the paper."""

_EVEN_CONTRAST = 0.21
"""The luminance at which both inks have the same contrast, (L + .05)^2 = 1.05 x (ink + .05)."""
