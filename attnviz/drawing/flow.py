"""How attention runs through the layers to a token: rollout edge by edge, and maximum flow.

Abnar & Zuidema 2020, "Quantifying Attention Flow in Transformers". `templates/explorer/flow.js`
does the same on the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array  # type: ignore[import-untyped]
from scipy.sparse.csgraph import maximum_flow  # type: ignore[import-untyped]

from attnviz.drawing.side import Places

Kind = Literal["rollout", "maximum"]

LONGEST = 40
"""Of more tokens no maximum flow is computed."""

_WHOLE = 2**30
"""Weights as integers, of which SciPy wants 32 bits."""

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Flow:
    """What runs through the layers to some tokens.

    `edges` [layer, query, key], the lowest layer first, is what runs from each key into each query;
    in all it is `total`, and comes from `source`, from all inputs where that is empty. `inputs`
    [key] is what comes from each input: shares, or the maximum flow from it alone.
    """

    edges: Doubles
    inputs: Doubles
    total: float
    source: Places = ()


def mixings(means: Doubles, *, residual: bool) -> Doubles:
    """What each token is made of after each layer from that before it, [layer, query, key].

    `means` over heads are made to sum to 1 by row; with `residual` half of a token is itself.
    """
    least = np.finfo(np.float64).tiny
    scaled: Doubles = means / np.maximum(means.sum(-1, keepdims=True), least)
    return 0.5 * scaled + 0.5 * np.eye(means.shape[-1]) if residual else scaled


def rollout(layers: Doubles, into: Places, source: Places = ()) -> Flow:
    """Rollout edge by edge, to the tokens `into` in equal parts.

    Each edge takes its share of what its query holds. With `source` only what comes from these
    inputs is followed.
    """
    size = layers.shape[-1]
    down = np.zeros(size)
    down[list(into)] = 1.0 / len(into)
    holds = [down]
    for layer in layers[::-1]:
        holds.append(holds[-1] @ layer)
    share = np.ones(size)
    if source:
        share = np.isin(np.arange(size), source).astype(np.float64)
    edges = []
    for layer, above in zip(layers, holds[-2::-1], strict=True):
        edges.append(above[:, None] * layer * share)
        share = layer @ share
    return Flow(np.stack(edges), holds[-1], float(edges[0].sum()), source)


def maximum(layers: Doubles, into: Places, source: Places = ()) -> Flow:
    """Maximum flow: the most that can run from an input to `into` if edges carry their weights.

    Of several tokens to all of them together.

    The edges are those of `source`, else of the input, other than `into`, that could send most:
    one of several ways to do it.
    """
    size = layers.shape[-1]
    one_by_one = [_most(layers, into, (key,)) for key in range(size)]
    inputs = np.array([total for _, total in one_by_one])
    if not source:
        others = [key for key in range(size) if key not in into] or list(into)
        source = (max(others, key=inputs.__getitem__),)
    edges, total = one_by_one[source[0]] if len(source) == 1 else _most(layers, into, source)
    return Flow(edges, inputs, total, source)


def _most(layers: Doubles, into: Places, source: Places) -> tuple[Doubles, float]:
    """The maximum flow's edges [layer, query, key] and its value."""
    depth, size, _ = layers.shape
    whole = _WHOLE // len(into)
    start, end = (depth + 1) * size, (depth + 1) * size + 1
    level, query, key = np.nonzero(layers)
    tails = np.concatenate([(level + 1) * size + query, np.full(len(into), start), source])
    heads = np.concatenate([level * size + key, np.add(into, depth * size), [end] * len(source)])
    room = np.concatenate(
        [
            np.rint(layers[level, query, key] * whole),
            np.full(len(into) + len(source), np.iinfo(np.int32).max),
        ]
    )
    graph = csr_array((room.astype(np.int32), (tails, heads)), shape=(end + 1, end + 1))
    result = maximum_flow(graph, start, end)
    edges = np.zeros(layers.shape)
    carried = result.flow[tails[: len(level)], heads[: len(level)]]
    edges[level, query, key] = np.maximum(np.asarray(carried).ravel(), 0) / whole
    return edges, result.flow_value / whole


def ends_at(special: Sequence[bool], texts: Sequence[str]) -> int:
    """The token that a flow runs to where none is asked for: the last with a letter.

    Else the last that is not special, else the last.
    """
    content = [place for place, each in enumerate(special) if not each]
    lettered = [place for place in content if any(sign.isalpha() for sign in texts[place])]
    return (lettered or content or [len(texts) - 1])[-1]
