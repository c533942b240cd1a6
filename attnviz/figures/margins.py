"""The margins of maps of layers and heads: brackets, windows, and crosses for missing heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from attnviz.figures.captions import listing
from attnviz.figures.layout import SMALL
from attnviz.figures.palette import FAINT, QUIET
from attnviz.figures.sheet import Align, Sheet

BRACKET_ROOM = 4.5
"""Points that brackets take above the numbers of heads."""

MARK = 5.4
_FOOT = 1.8
_INSET = 3.0


@dataclass(frozen=True, slots=True)
class Margins:
    """What the margins of a map show: `absent` [layer, head] are the heads that don't exist.

    `groups`: layer -> the number of its heads that share a key head, where that is more than 1;
    `windows`: layer -> the number of tokens that its heads see, where that is limited.
    """

    absent: NDArray[np.bool_]
    groups: Mapping[int, int]
    windows: Mapping[int, int]

    @property
    def group(self) -> int:
        """The number of heads under a bracket, if all layers have the same; else 1."""
        present = np.flatnonzero(~self.absent.all(axis=1)).tolist()
        sizes = {self.groups.get(layer, 1) for layer in present}
        return sizes.pop() if len(sizes) == 1 else 1

    @property
    def gaps(self) -> list[int]:
        """The layers without any head."""
        return [int(layer) for layer in np.flatnonzero(self.absent.all(axis=1))]

    @property
    def missing(self) -> NDArray[np.bool_]:
        """The heads that don't exist in layers that have others [layer, head]."""
        return self.absent & ~self.absent.all(axis=1, keepdims=True)


def map_margins(
    absent: NDArray[np.bool_], key_heads: Mapping[int, int], windows: Mapping[int, int]
) -> Margins:
    """The margins of a map of these heads; `key_heads` and `windows` as in `ModelView`."""
    counts = np.where(absent.all(axis=1), 0, absent.shape[1] - np.argmin(absent[:, ::-1], axis=1))
    groups = {
        layer: int(counts[layer]) // keys
        for layer, keys in sorted(key_heads.items())
        if layer < len(counts) and 0 < keys < counts[layer] and counts[layer] % keys == 0
    }
    seen = {layer: size for layer, size in windows.items() if layer < len(counts)}
    return Margins(absent, groups, seen)


def draw_brackets(
    sheet: Sheet, starts: Sequence[float], ends: Sequence[float], group: int, y: float
) -> None:
    """Draw a bracket with its feet at `y` over each `group` heads, from their starts and ends."""
    segments = []
    inset = min(_INSET, 0.15 * (ends[0] - starts[0]))
    for first in range(0, len(starts), group):
        left = starts[first] + inset
        right = ends[min(first + group, len(ends)) - 1] - inset
        segments += [[(left, y), (left, y - _FOOT)], [(right, y), (right, y - _FOOT)]]
        segments.append([(left, y - _FOOT), (right, y - _FOOT)])
    sheet.lines(np.array(segments), QUIET, 0.4)


def strike(sheet: Sheet, boxes: Sequence[tuple[float, float, float, float]]) -> None:
    """Cross out the empty places (x, y, width, height) of layers without attention."""
    lines = [[(x, y + height), (x + width, y)] for x, y, width, height in boxes]
    sheet.lines(np.array(lines), FAINT, 0.4)


def layer_width(sheet: Sheet, margins: Margins, most: int) -> float:
    """The width in points of the longest label of a layer, of layers up to `most`."""
    digits = sheet.measure(str(most), SMALL)
    marks = (sheet.measure(mark_of(size), MARK) for size in margins.windows.values())
    return digits + max(marks, default=0.0)


def write_layer(
    sheet: Sheet, x: float, y: float, layer: int, margins: Margins, align: Align = "right"
) -> None:
    """Write a layer's number at (x, y), and after it the size of its window."""
    number = str(layer)
    mark = mark_of(margins.windows[layer]) if layer in margins.windows else ""
    colour = FAINT if layer in margins.gaps else QUIET
    wide = sheet.measure(mark, MARK)
    if align == "left":
        sheet.text(x, y, number, SMALL, colour)
        sheet.text(x + sheet.measure(number, SMALL), y, mark, MARK, FAINT)
    else:
        sheet.text(x - wide, y, number, SMALL, colour, align="right")
        sheet.text(x, y, mark, MARK, FAINT, align="right")


def mark_of(window: int) -> str:
    """The mark of a layer that sees so many tokens."""
    return f" w{window}"


def margin_note(margins: Margins, *, heads: bool = True) -> str:
    """What the margins mean, in small print; "" where they are empty."""
    notes = (_group_note(margins) if heads else "", _window_note(margins), _gap_note(margins))
    return " ".join(part for part in notes if part)


def _group_note(margins: Margins) -> str:
    if margins.group > 1:
        return "Heads under one bracket share keys."
    if not margins.groups:
        return ""
    sizes = sorted(set(margins.groups.values()))
    layers_of = {size: [at for at, n in margins.groups.items() if n == size] for size in sizes}
    groups = [f"{size} at a time in {_layers(layers)}" for size, layers in layers_of.items()]
    return f"Neighbouring heads share keys: {listing(groups)}."


def _window_note(margins: Margins) -> str:
    sizes = sorted(set(margins.windows.values()))
    return " ".join(f"w{size}: these layers see a window of {size} tokens." for size in sizes)


def _gap_note(margins: Margins) -> str:
    named = ["layers without attention to show"] if margins.gaps else []
    named += ["heads that don’t exist"] if margins.missing.any() else []
    return f"Crossed out: {listing(named)}." if named else ""


def _layers(layers: Sequence[int]) -> str:
    """`layer 3`, `layers 0–4, 6 and 8`."""
    runs = []
    for _, run in groupby(enumerate(layers), lambda pair: pair[1] - pair[0]):
        members = [layer for _, layer in run]
        runs.append(f"{members[0]}–{members[-1]}" if len(members) > 1 else str(members[0]))
    return f"layer{'s' if len(layers) > 1 else ''} {listing(runs)}"
