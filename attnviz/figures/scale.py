"""From attention weights to colours: one fixed scale for every figure of a report."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import Colormap, ListedColormap
from numpy.typing import NDArray

from attnviz.errors import UsageError
from attnviz.figures.palette import GAP, channels
from attnviz.figures.style import FigureStyle
from attnviz.figures.views import Floats
from attnviz.values import quoted

Pixels = NDArray[np.uint8]
"""Red, green and blue: [row, column, 3]."""

_NEARLY_PAPER = 0.85
_FADE = 24


@lru_cache(maxsize=8)
def colormap(name: str) -> Colormap:
    """The map called `name`, its zero set to the paper where it is nearly that already.

    A map like "Blues" starts at a bluish white; its first colours are moved to end in pure
    white. A map like "viridis" starts dark and is left alone. Raises UsageError for other names.
    """
    if name not in colormaps:
        near = get_close_matches(name, list(colormaps), n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else "Try Blues, Greys or viridis."
        raise UsageError(f"cmap: there is no colour map called {quoted(name)}.", hint)
    colours = colormaps[name](np.linspace(0.0, 1.0, 256))[:, :3]  # [256, 3]
    if colours[0].min() > _NEARLY_PAPER:
        fade = np.clip(1.0 - np.arange(256) / _FADE, 0.0, 1.0)[:, None]
        colours = colours + (1.0 - colours[0]) * fade
    return ListedColormap(np.clip(colours, 0.0, 1.0), name=f"{name}-on-paper")


def position(weights: Floats, scale: str) -> NDArray[np.float64]:
    """Where on the 0-1 colour scale each weight stands; NaN stays NaN."""
    clipped = np.clip(np.asarray(weights, dtype=np.float64), 0.0, 1.0)
    return np.asarray(np.sqrt(clipped)) if scale == "sqrt" else clipped


def shade(weights: Floats, style: FigureStyle) -> Pixels:
    """Weights [row, column] in [0, 1] -> their colours; NaN becomes the gap's grey."""
    return paint(position(weights, style.scale), style)


def paint(places: Floats, style: FigureStyle) -> Pixels:
    """Places on the colour scale, 0-1 -> their colours; NaN becomes the gap's grey."""
    missing = np.isnan(places)
    pixels: Pixels = colormap(style.cmap)(np.where(missing, 0.0, places), bytes=True)[..., :3]
    pixels[missing] = channels(GAP)
    return pixels


def ticks(scale: str) -> tuple[float, ...]:
    """The true weights that the colour bar is labelled with."""
    return (0.0, 0.05, 0.2, 0.5, 1.0) if scale == "sqrt" else (0.0, 0.25, 0.5, 0.75, 1.0)


def pool(weights: Floats, block: int) -> Floats:
    """Means of square blocks: [..., query, key] -> [..., ceil(query/block), ceil(key/block)].

    Blocks at the far edges hold fewer cells and are means of those.
    """
    if block <= 1:
        return weights
    rows, columns = weights.shape[-2:]
    down = np.add.reduceat(weights, np.arange(0, rows, block), axis=-2)
    sums = np.add.reduceat(down, np.arange(0, columns, block), axis=-1)
    return sums / np.outer(_sizes(rows, block), _sizes(columns, block))


def shares(means: Floats, keys: int, block: int) -> Floats:
    """Means of blocks [..., query, key] -> the share of attention that all keys of a block get.

    So a row sums to 1 again, as the 0-1 scale needs; `keys` is the number of key tokens.
    """
    return means * _sizes(keys, block) if block > 1 else means


def _sizes(count: int, block: int) -> NDArray[np.float64]:
    """The number of tokens, of `count`, in each block."""
    starts = np.arange(0, count, block)
    return np.minimum(block, count - starts).astype(np.float64)
