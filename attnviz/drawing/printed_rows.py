"""Rows, edges and words in a terminal: bars with their numbers, tables, shaded text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from attnviz.drawing.drawing import Drawing
from attnviz.drawing.edges import received, strongest
from attnviz.drawing.heatmap import hundredths
from attnviz.drawing.paper import top_of
from attnviz.drawing.reading import in_text, spaced
from attnviz.drawing.shades import Shades
from attnviz.figures.captions import plural, quoted, two
from attnviz.figures.views import Floats

_LABEL = 18
_IN_ORDER = 40
_MOST = 20
_TOP = 5


def rows(drawing: Drawing, shades: Shades) -> Iterable[RenderableType]:
    """Each row asked for as bars, in reading order; of long sentences the strongest keys."""
    shown = [
        (f"{panel.name}, from {quoted(drawing.queries[place])}", np.asarray(panel.weights[place]))
        for panel in drawing.panels
        for place in drawing.query
    ]
    longest = max(float(row.max()) for _, row in shown) or 1.0
    for name, row in shown:
        if len(shown) > 1:
            yield Text(f"\n{shades.encodable(name)}", style="bold")
        order = list(range(len(row)))
        if len(row) > _IN_ORDER:
            order = np.argsort(-row, kind="stable")[:_MOST].tolist()
        cells = [(drawing.keys[key], float(row[key])) for key in order]
        table = _table()
        for label, weight in cells:
            bar = shades.bar(weight / longest, _LABEL + 10)
            table.add_row(shades.label(label, _LABEL), two(weight), bar)
        yield table
        if hidden := len(row) - len(order):
            rest = two(1.0 - sum(weight for _, weight in cells) / float(row.sum()))
            yield Text(f"The strongest {_MOST} of {len(row)}; {hidden} more share {rest}.", "dim")


def heads_of_query(drawing: Drawing, shades: Shades) -> Iterable[RenderableType]:
    """What each query looks at most in each matrix, ranked by its weight."""
    for place in drawing.query:
        if len(drawing.query) > 1:
            yield Text(shades.encodable(f"\nfrom {quoted(drawing.queries[place])}"), style="bold")
        means = [np.asarray(panel.weights[place]) for panel in drawing.panels]
        yield from _ranked(drawing, means, shades)
        yield Text("Ranked by the weight of the token looked at most.", style="dim")


def heads_table(drawing: Drawing, shades: Shades) -> Iterable[RenderableType]:
    """The token that each matrix looks at most, ranked by its share."""
    yield from _ranked(drawing, [received(drawing, panel) for panel in drawing.panels], shades)
    measure = "Ranked by the share that the token looked at most gets, on average over queries."
    yield Text(measure, style="dim")


def _ranked(drawing: Drawing, means: Sequence[Floats], shades: Shades) -> Iterable[RenderableType]:
    most = np.array([np.nan_to_num(mean).max() for mean in means])
    order = np.argsort(-most, kind="stable").tolist()
    table = _table()
    for at in order[:_MOST]:
        name, key = drawing.panels[at].name, int(np.nan_to_num(means[at]).argmax())
        bar = shades.bar(float(most[at]), 2 * _LABEL + 12)
        label = shades.label(drawing.keys[key], _LABEL)
        table.add_row(Text(shades.encodable(name)), f"{key} {label}", two(float(most[at])), bar)
    yield table
    if rest := order[_MOST:]:
        least, largest = two(float(most[rest[-1]])), two(float(most[rest[0]]))
        yield Text(f"And {len(rest)} more, from {largest} down to {least}.", style="dim")


def edge_table(drawing: Drawing, shades: Shades) -> Iterable[RenderableType]:
    """The edges that the view arcs draws, strongest first, of each matrix."""
    for panel in drawing.panels:
        edges = strongest(drawing, panel)
        if len(drawing.panels) > 1:
            yield Text(f"\n{shades.encodable(panel.name)}", style="bold")
        table = _table()
        for edge in edges.edges[: -_MOST - 1 : -1]:
            query, key = drawing.queries[edge.query], drawing.keys[edge.key]
            names = shades.label(query, _LABEL), shades.label(key, _LABEL)
            bar = shades.bar(edge.weight, 2 * _LABEL + 20)
            arrow = shades.encodable("→")
            table.add_row(
                f"{edge.query} {names[0]}", arrow, f"{edge.key} {names[1]}", two(edge.weight), bar
            )
        yield table
        if (more := len(edges.edges) - _MOST) > 0:
            yield Text(f"And {plural(more, 'weaker edge')}.", style="dim")
        yield Text(edges.rule().replace("Drawn", "Counted").replace("drawn", "counted"), "dim")


def words(drawing: Drawing, shades: Shades) -> Iterable[RenderableType]:
    """The sentence, each token on its shade, or followed by its number; then the strongest."""
    for panel in drawing.panels:
        shares = received(drawing, panel)
        top = top_of(shares, shades.style)
        if len(drawing.panels) > 1:
            yield Text(f"\n{shades.encodable(panel.name)}", style="bold")
        yield _sentence(drawing, shares, top, shades)
        best = np.argsort(-shares, kind="stable")[:_TOP].tolist()
        named = [
            f"{shades.label(drawing.keys[key], _LABEL)} {two(float(shares[key]))}" for key in best
        ]
        yield Text(f"Most: {', '.join(named)}", style="dim")
        if shades.coloured:
            yield shades.legend(top)
    if not shades.coloured:
        yield Text(_bracketed(drawing), style="dim")


def _bracketed(drawing: Drawing) -> str:
    """What stands in the brackets of a sentence without colours."""
    reading = "In brackets: the share received of all attention, 1 in all"
    if drawing.query:
        reading = "In brackets: the share received of the query's attention, 1 in all"
    boxed = "; >the query<" if drawing.query and drawing.stream != "cross" else ""
    return f"{reading}; none: below 0.005{boxed}."


def _sentence(drawing: Drawing, shares: Floats, top: float, shades: Shades) -> Text:
    text = Text()
    boxed = set(drawing.query) if drawing.stream != "cross" else set()
    colours = shades.colours(shares[None, :], top)[0]
    for key, space in enumerate(spaced(drawing.keys)):
        word = shades.label(in_text(drawing.keys[key]), 2 * _LABEL)
        if key in boxed:
            word = f">{word}<"
        text.append(" " if space else "")
        text.append(word, shades.on(colours[key]))
        if not shades.coloured and (share := hundredths(float(shares[key]))):
            text.append(f"[{share}]")
    return text


def _table() -> Table:
    return Table.grid(padding=(0, 2))
