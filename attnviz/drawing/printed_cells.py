"""Matrices as cells of a terminal: with numbers, or as small maps."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from rich.console import RenderableType
from rich.text import Text

from attnviz.drawing.drawing import Drawing, Panel
from attnviz.drawing.paper import top_of
from attnviz.drawing.shades import Shades, number
from attnviz.figures.captions import share_note
from attnviz.figures.scale import pool, shares
from attnviz.figures.views import Floats
from attnviz.text.types import TokenLabel

_LABEL = 12
_CELLS = (4, 2, 1)
"""The widths of a cell, the best first: with its number, as a square, as little as can be."""

_TILES = range(8, 3, -1)
"""The sides of a small map, in cells, the best first."""

_TALLEST = 64


def matrices(drawing: Drawing, shades: Shades) -> Iterable[RenderableType]:
    """Each matrix with a number for each key, which the rows' labels name."""
    same = drawing.queries == drawing.keys
    if not same:
        yield _named(drawing.keys, shades)
    for panel in drawing.panels:
        if len(drawing.panels) > 1:
            yield Text(f"\n{shades.encodable(panel.name)}", style="bold")
        yield from _matrix(drawing, panel, shades)


def _named(keys: tuple[TokenLabel, ...], shades: Shades) -> Text:
    """The keys with their numbers, where they aren't the tokens of the rows."""
    return Text("keys: " + "  ".join(f"{at} {shades.label(k, 30)}" for at, k in enumerate(keys)))


def _matrix(drawing: Drawing, panel: Panel, shades: Shades) -> Iterable[Text]:
    count = len(drawing.queries)
    digits = len(str(max(count, len(drawing.keys)) - 1))
    longest = max(cell_len(shades.label(label, _LABEL)) for label in drawing.queries)
    left = digits + 1 + longest + 1
    room = max(shades.width - left, 8)
    block = max(-(-len(drawing.keys) // room), 1)
    weights = shares(pool(panel.weights, block), len(drawing.keys), block)
    across = weights.shape[1]
    wide = next(size for size in _CELLS if across * size <= room)
    top = top_of(weights, shades.style)
    colours = shades.colours(weights, top)
    yield Text(" " * left + _numbers(across, wide, block), style="dim", no_wrap=True)
    for row in range(len(weights)):
        place = row * block
        name = shades.label(drawing.queries[place], _LABEL)
        line = Text(f"{place:>{digits}} ", style="dim", no_wrap=True, overflow="crop")
        line.append(name + " " * (longest + 1 - cell_len(name)), style="default not dim")
        for column, weight in enumerate(weights[row].tolist()):
            hidden = drawing.causal and column > row
            cell = " " * wide if hidden else _cell(weight, top, wide, shades)
            line.append(cell, None if hidden else shades.on(colours[row][column]))
        yield line
    yield from _notes(shades, wide, top, block)


def _notes(shades: Shades, wide: int, top: float, block: int) -> Iterable[Text]:
    reading = "Rows are queries, columns keys"
    below = f"; {shades.encodable('·')} is below 0.005" if wide == _CELLS[0] else ""
    yield Text(f"{reading}{below}.", style="dim")
    if shades.coloured:
        yield shades.legend(top)
    elif wide < _CELLS[0]:
        tenth = "tenths" if top == 1.0 else f"tenths of the largest weight, {top:.2g}"
        yield Text(f"Digits are {tenth}, rounded down.", style="dim")
    if block > 1:
        yield Text(share_note(block), style="dim")


def _cell(weight: float, top: float, wide: int, shades: Shades) -> str:
    """A cell's characters: its number, or without colours its tenth."""
    if wide == _CELLS[0]:
        text = number(weight)
        return f" {text if text.strip() else shades.encodable('  ·')}"
    if shades.coloured:
        return " " * wide
    tenth = min(int(10.0 * weight / top + 1e-9), 9)
    return f"{tenth or shades.encodable('·'):>{wide}}"


def _numbers(count: int, wide: int, block: int) -> str:
    """The places of the keys over their cells, those that have room."""
    line = ""
    for column in range(count):
        text = str(column * block)
        at = (column + 1) * wide - len(text) if wide == _CELLS[0] else column * wide
        if at >= len(line) + (1 if line else 0) and (wide == _CELLS[0] or column % 5 == 0):
            line = f"{line:<{at}}{text}"
    return line


def small_maps(drawing: Drawing, shades: Shades) -> list[RenderableType]:
    """All heads as maps of a few cells, two of them in a character; none where it can't be read.

    That is without colours, for matrices of no single head, and where heads or layers are too
    many for maps of at least four cells a side.
    """
    panels = {
        (panel.layer, panel.head): panel
        for panel in drawing.panels
        if panel.layer is not None and panel.head is not None
    }
    if not shades.coloured or shades.ascii_only or len(panels) < len(drawing.panels):
        return []
    layers, heads = (sorted({place[at] for place in panels}) for at in (0, 1))
    sides = (
        side
        for side in _TILES
        if 4 + len(heads) * (side + 1) <= shades.width
        and len(layers) * ((side + 1) // 2 + 1) <= _TALLEST
    )
    side = next(sides, 0)
    if not side:
        return []
    maps = {place: _pooled(panel.weights, side) for place, panel in panels.items()}
    header = "".join(f"{head:<{side + 1}}" for head in heads)
    lines = [Text(f"    {header}", style="dim", no_wrap=True)]
    for layer in layers:
        row = [maps.get((layer, head)) for head in heads]
        lines += _line_of_maps(layer, row, side, shades)
    reading = "A row for each layer, a column for each head; in each map rows are queries."
    return [*lines, shades.legend(1.0), Text(reading, style="dim")]


def _pooled(weights: Floats, side: int) -> Floats:
    """About `side` cells a side: the share of attention from some queries to some keys."""
    block = -(-max(weights.shape) // side)
    return shares(pool(weights, block), weights.shape[1], block)


def _line_of_maps(
    layer: int, maps: list[Floats | None], side: int, shades: Shades
) -> Iterable[Text]:
    """The lines of the maps of one layer, an empty one below."""
    tall = max(len(each) for each in maps if each is not None)
    colours = [
        shades.colours(each, top_of(each, shades.style)) if each is not None else None
        for each in maps
    ]
    for upper in range(0, tall, 2):
        line = Text(f"{layer if upper == 0 else '':>3} ", style="dim", no_wrap=True)
        for tile in colours:
            width = len(tile[0]) if tile else 0
            for column in range(width):
                if tile is None:
                    continue
                above = tile[upper][column]
                below = f" on {tile[upper + 1][column]}" if upper + 1 < tall else ""
                line.append("▀", f"not dim {above}{below}")
            line.append(" " * (side + 1 - width))
        yield line
    yield Text()
