"""A flow in a terminal: what comes from each input, and the edges that carry most."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from attnviz.drawing.drawing import Drawing
from attnviz.drawing.flow_lines import ends_of, lines_of, reading
from attnviz.drawing.shades import Shades
from attnviz.figures.captions import plural, two

_LABEL = 18
_IN_ORDER = 40
_MOST = 20
_EDGES = 12


def flow_table(drawing: Drawing, shades: Shades) -> Iterable[RenderableType]:
    """What comes from each input as bars, of long sentences the strongest; then the edges.

    Of the edges those between different tokens, the strongest first.
    """
    inputs = np.asarray(ends_of(drawing).inputs)
    order = list(range(len(inputs)))
    if len(order) > _IN_ORDER:
        order = np.argsort(-inputs, kind="stable")[:_MOST].tolist()
    longest = float(inputs.max(initial=0.0)) or 1.0
    table = Table.grid(padding=(0, 2))
    for key in order:
        bar = shades.bar(float(inputs[key]) / longest, _LABEL + 10)
        table.add_row(shades.label(drawing.keys[key], _LABEL), two(float(inputs[key])), bar)
    yield table
    if hidden := len(inputs) - len(order):
        yield Text(f"The strongest {_MOST} of {len(inputs)}; {hidden} more.", "dim")
    yield Text(shades.encodable(reading(drawing)), "dim")
    yield from _edges(drawing, shades)


def _edges(drawing: Drawing, shades: Shades) -> Iterable[RenderableType]:
    moving = [line for line in lines_of(drawing).lines[::-1] if line.query != line.key]
    table = Table.grid(padding=(0, 2))
    for line in moving[:_EDGES]:
        key, query = (
            f"{place} {shades.label(drawing.keys[place], _LABEL)}"
            for place in (line.key, line.query)
        )
        name = drawing.panels[line.level].name
        table.add_row(name, key, shades.encodable("→"), query, two(line.share))
    yield table
    if (more := len(moving) - _EDGES) > 0:
        yield Text(f"And {plural(more, 'weaker edge')} between tokens.", "dim")
