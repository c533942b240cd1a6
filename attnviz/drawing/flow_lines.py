"""The edges of a flow that are drawn, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from attnviz.drawing.drawing import Drawing, FlowEnds
from attnviz.errors import UsageError
from attnviz.figures.captions import listing, plural, quoted, two

LEAST = 0.02
"""Edges that carry a smaller share of the flow are not drawn."""


@dataclass(frozen=True, slots=True)
class Line:
    """An edge from the token at `key` before the `level`-th layer to that at `query` after it."""

    level: int
    query: int
    key: int
    share: float


@dataclass(frozen=True, slots=True)
class Lines:
    """The edges that are drawn, the weakest first, and which share of the flow they carry.

    `covered` is that of each layer.
    """

    lines: tuple[Line, ...]
    covered: tuple[float, ...]


def ends_of(drawing: Drawing) -> FlowEnds:
    """Where its flow begins and ends. UsageError for a drawing that is of none."""
    if drawing.flow is None:
        raise UsageError("This is no flow.", "Choose it with --view flow.")
    return drawing.flow


def lines_of(drawing: Drawing) -> Lines:
    """The edges of all layers that carry at least `LEAST` of the flow."""
    total = ends_of(drawing).total or 1.0
    shares = np.stack([panel.weights for panel in drawing.panels]).astype(np.float64) / total
    above = np.argwhere(shares >= LEAST)
    strength = shares[tuple(above.T)]
    lines = tuple(
        Line(int(above[at, 0]), int(above[at, 1]), int(above[at, 2]), float(strength[at]))
        for at in np.argsort(strength, kind="stable")
    )
    covered = np.where(shares >= LEAST, shares, 0.0).sum((1, 2))
    return Lines(lines, tuple(covered.tolist()))


def rule(drawing: Drawing, lines: Lines) -> str:
    """Which edges are drawn, and how much they leave out."""
    least = int(np.argmin(lines.covered))
    mean = two(float(np.mean(lines.covered)))
    return (
        f"Drawn: edges of at least {LEAST:g} of the flow, {plural(len(lines.lines), 'edge')}; they "
        f"carry {mean} of it, mean over layers, least in {drawing.panels[least].name}, "
        f"{two(lines.covered[least])}."
    )


def reading(drawing: Drawing) -> str:
    """What the numbers are, and what is not in them."""
    flow = ends_of(drawing)
    target = quoted(drawing.queries[flow.target[-1]])
    said = f"Numbers: the share of {target} that comes from each input, by rollout."
    if flow.maximum:
        said = (
            f"Numbers: the most that could run to {target} from each input alone, its maximum "
            "flow; they don’t sum to 1. The edges are one way of several to reach it."
        )
    elif flow.source:
        source = listing([quoted(drawing.keys[place]) for place in flow.source])
        said += f" From {source}: {two(flow.total)}."
    if drawing.stream == "decoder":
        said += " What comes in by cross-attention is not in it."
    return said
