"""Masses on the terminal: the heads that have most with a bar, all others side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from attnviz.drawing.shades import bar
from attnviz.drawing.weights import HeadMass
from attnviz.figures.captions import plural
from attnviz.text.showable import showable

_WITH_BAR = 12
_BAR = 40
_CELL = 14
_LEAST_LINES = 4


@dataclass(frozen=True)
class Ranking:
    """The masses from `query` to `key` in their order; a bar of 40 cells is a mass of 1.

    On a terminal as many as fit, with a line that says how many are left; else all.
    """

    masses: Sequence[HeadMass]
    query: str
    key: str
    model: str
    notes: Sequence[str] = ()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Texts and tables, never markup: what words hold is printed as it is."""
        mean = sum(each.mass for each in self.masses) / len(self.masses)
        yield Text.assemble(
            (f"Attention of “{showable(self.query)}” to “{showable(self.key)}”", "bold"),
            f": {plural(len(self.masses), 'head')}, mean {mean:.3f}, {showable(self.model)}",
        )
        yield from (Text(note, style="dim") for note in self.notes)
        yield Text()
        most = Table.grid(padding=(0, 2))
        for each in self.masses[:_WITH_BAR]:
            line = Text(bar(each.mass, _BAR, ascii_only=options.ascii_only), style="blue")
            most.add_row(each.name, f"{each.mass:.3f}", line)
        yield most
        yield from self._others(console, options)

    def _others(self, console: Console, options: ConsoleOptions) -> RenderResult:
        others, columns = self.masses[_WITH_BAR:], max(options.max_width // _CELL, 1)
        if console.is_terminal:
            free = console.size.height - _WITH_BAR - len(self.notes) - 6
            others = others[: columns * max(free, _LEAST_LINES)]
        if not others:
            return
        rest = Table.grid(padding=(0, 1))
        tall = ceil(len(others) / columns)
        for row in range(tall):
            rest.add_row(*(f"{each.name:<7}{each.mass:.3f}" for each in others[row::tall]))
        yield Text()
        yield rest
        left = self.masses[_WITH_BAR + len(others) :]
        if left:
            yield Text(f"{len(left)} more, {left[0].mass:.3f} at most: -o FILE.csv has them all.")
