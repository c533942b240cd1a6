"""Writes numbers, names and notes for captions and figures."""

from __future__ import annotations

import math
from collections.abc import Sequence

from attnviz.text.types import TokenLabel

_SMALLEST = 0.001
READ_MATRIX = "Rows are queries, columns keys; the colour scale runs from 0 to 1"


def two(value: float) -> str:
    """A number with two significant digits: 0.83, 0.041, 3.0, 12; whole above 100; "<0.001"."""
    if not math.isfinite(value):
        return "–"
    if abs(value) >= 99.5:
        return f"{value:.0f}"
    if 0.0 < value < _SMALLEST:
        return f"<{_SMALLEST}"
    rounded = float(f"{value:.1e}")
    if rounded == 0.0:
        return "0"
    decimals = max(0, 1 - math.floor(math.log10(abs(rounded))))
    return f"{rounded:.{decimals}f}"


def head_name(layer: int, head: int) -> str:
    """The name of a head: `L5H7`."""
    return f"L{layer}H{head}"


def quoted(label: TokenLabel) -> str:
    """A token in a sentence: “cat”."""
    return f"“{label.text}”"


def plural(count: int, thing: str) -> str:
    """`1 head`, `2 heads`."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def listing(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def block_note(block: int) -> str:
    """What a pooled cell is, as a sentence; "" where cells are single weights."""
    return f"Each cell is the mean of {block} × {block} weights." if block > 1 else ""


def share_note(block: int, where: str = "") -> str:
    """What a cell of `scale.shares` is, as a sentence; "" where cells are single weights."""
    cell = f"{where} each cell" if where else "Each cell"
    share = f"the share of attention that {block} queries on average give to {block} keys"
    return f"{cell} is {share}." if block > 1 else ""


def stream_name(stream: str) -> str:
    """Which stream of a model with several: "cross-attention"; nothing for others."""
    return "cross-attention" if stream == "cross" else stream


def titled(title: str, stream: str) -> str:
    """A title that says which stream it is of, if there are several."""
    return f"{title}, {stream_name(stream)}" if stream else title


def place_range(places: tuple[int, int]) -> str:
    """A half-open range of tokens with its last one: (12, 20) is `12–19`."""
    first, end = places
    return f"{first}–{end - 1}" if end - first > 1 else str(first)


def location(view_id: int, stream: str) -> str:
    """What a figure of a sentence is of: `sentence 3`, `cross-attention, sentence 3`."""
    return ", ".join(filter(None, (stream_name(stream), f"sentence {view_id}")))
