"""Drawings in a terminal: as wide as it is, in colours where it has them, else in digits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from attnviz.drawing.drawing import Drawing
from attnviz.drawing.printed_cells import matrices, small_maps
from attnviz.drawing.printed_flow import flow_table
from attnviz.drawing.printed_rows import edge_table, heads_of_query, heads_table, rows, words
from attnviz.drawing.shades import Shades
from attnviz.drawing.titles import lens_note, title
from attnviz.drawing.view import DrawingStyle
from attnviz.text.showable import showable

_WIDEST = 120
_COLOURFUL = ("256", "truecolor", "windows")
_MOST_MATRICES = 16
_MOST_ROWS = 4

Part = Callable[[Drawing, Shades], Iterable[RenderableType]]


@dataclass(frozen=True)
class Printed:
    """A drawing that draws itself in the width and with the colours of a console."""

    view_name: str
    drawing: Drawing
    style: DrawingStyle

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Texts and tables, never markup: what tokens and names hold is printed as it is."""
        style = replace(self.style, scale="own") if self.view_name == "rollout" else self.style
        shades = Shades(
            style,
            width=min(options.max_width, _WIDEST),
            coloured=console.color_system in _COLOURFUL and not console.no_color,
            ascii_only=options.ascii_only,
        )
        name = showable(self.drawing.model) if self.drawing.model else ""
        heading = ", ".join(part for part in (title(self.drawing), name) if part)
        yield Text(shades.encodable(heading), style="bold")
        yield from _PARTS.get(self.view_name, _matrix)(self.drawing, shades)
        if note := lens_note(self.drawing):
            yield Text(note, style="dim")


def printed(view_name: str, drawing: Drawing, style: DrawingStyle) -> RenderableType:
    """The drawing for a terminal; a view that has no form of its own there is a matrix."""
    return Printed(view_name, drawing, style)


def _matrix(drawing: Drawing, shades: Shades) -> Iterable[RenderableType]:
    if drawing.query:
        few = len(drawing.query) * len(drawing.panels) <= _MOST_ROWS
        return (rows if few else heads_of_query)(drawing, shades)
    many = len(drawing.panels) > _MOST_MATRICES
    return (heads_table if many else matrices)(drawing, shades)


def _mosaic(drawing: Drawing, shades: Shades) -> Iterable[RenderableType]:
    if drawing.query:
        return _matrix(drawing, shades)
    return small_maps(drawing, shades) or heads_table(drawing, shades)


_PARTS: Mapping[str, Part] = MappingProxyType(
    {"mosaic": _mosaic, "arcs": edge_table, "text": words, "flow": flow_table}
)
