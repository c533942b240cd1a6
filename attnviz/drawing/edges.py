"""What of a matrix is told in few numbers: the edges that matter, what a token receives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attnviz.drawing.drawing import Drawing, Panel

EDGE_LEAST = 0.1
"""The least weight of an edge that is drawn of a whole sentence."""

QUERY_LEAST = 0.02
"""The same where the edges of few queries are drawn."""

MOST_EDGES = 150


@dataclass(frozen=True, slots=True)
class Edge:
    """A weight from the query token at `query` to the key token at `key`."""

    query: int
    key: int
    weight: float


@dataclass(frozen=True, slots=True)
class Edges:
    """The edges that are drawn, the weakest first, by one rule.

    They have at least the weight `least`; `total` counts all cells of the rows, `covered` is the
    share of their attention that the edges hold. `cut`: there were more than `MOST_EDGES`.
    """

    edges: tuple[Edge, ...]
    least: float
    total: int
    covered: float
    cut: bool

    def rule(self) -> str:
        """The rule, and what it leaves out, in a sentence or two."""
        which = f"the {MOST_EDGES} strongest edges" if self.cut else "edges"
        drawn = f"Drawn: {which} of at least {self.least:g}, {len(self.edges)} of {self.total}."
        hidden = f"{100.0 * (1.0 - self.covered):.0f} % of the attention is not drawn."
        return f"{drawn} {hidden}"


def strongest(drawing: Drawing, panel: Panel) -> Edges:
    """The edges of a matrix that matter: those of the rows asked for, or of all rows."""
    rows = np.array(drawing.query or range(len(drawing.queries)), dtype=np.intp)
    weights = np.nan_to_num(np.asarray(panel.weights, dtype=np.float64)[rows])  # [row, key]
    least = QUERY_LEAST if drawing.query else EDGE_LEAST
    above = np.argwhere(weights >= least)
    strength = weights[above[:, 0], above[:, 1]]
    order = np.argsort(strength, kind="stable")[-MOST_EDGES:]
    edges = tuple(
        Edge(int(rows[row]), int(key), float(weight))
        for (row, key), weight in zip(above[order], strength[order], strict=True)
    )
    mass = float(weights.sum())
    covered = sum(edge.weight for edge in edges) / mass if mass else 1.0
    visible = int(np.tril(np.ones(panel.weights.shape))[rows].sum()) if drawing.causal else 0
    return Edges(edges, least, visible or weights.size, covered, len(above) > MOST_EDGES)


def received(drawing: Drawing, panel: Panel) -> NDArray[np.float64]:
    """What each key receives on average from the queries asked for, or from all [key]."""
    weights = np.asarray(panel.weights, dtype=np.float64)
    return np.asarray((weights[list(drawing.query)] if drawing.query else weights).mean(axis=0))
