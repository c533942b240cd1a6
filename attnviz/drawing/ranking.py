"""Masses on the terminal: the heads that have most with a bar, all others side by side."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from attnviz.drawing.weights import HeadMass
from attnviz.text.showable import showable

_WITH_BAR = 12
_BAR = 40
_COLUMNS = 5
_EIGHTHS = " ▏▎▍▌▋▊▉"


def ranking(
    masses: Sequence[HeadMass], query: str, key: str, model: str, notes: Sequence[str] = ()
) -> RenderableType:
    """The masses in their order; a bar is as long as the mass, and 40 cells are 1."""
    mean = sum(each.mass for each in masses) / len(masses)
    heads = "1 head" if len(masses) == 1 else f"{len(masses)} heads"
    title = Text.assemble(
        ("Attention of ", "bold"),
        (f"“{showable(query)}” to “{showable(key)}”", "bold"),
        f", {showable(model)}: {heads}, mean {mean:.3f}",
    )
    most = Table.grid(padding=(0, 2))
    for each in masses[:_WITH_BAR]:
        most.add_row(each.name, f"{each.mass:.3f}", Text(_bar(each.mass), style="blue"))
    others = masses[_WITH_BAR:]
    rest = Table.grid(padding=(0, 2))
    tall = ceil(len(others) / _COLUMNS)
    for row in range(tall):
        cells = others[row::tall]
        rest.add_row(*(f"{each.name:<7}{each.mass:.3f}" for each in cells))
    parts: list[RenderableType] = [
        title,
        *(Text(note, style="dim") for note in notes),
        Text(),
        most,
    ]
    return Group(*parts, Text(), rest) if others else Group(*parts)


def _bar(mass: float) -> str:
    eighths = round(mass * _BAR * 8)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()
