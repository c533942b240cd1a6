"""What is kept of the few sentences that are drawn or listed: plain arrays."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from attnviz.attention.targets import Floats

Range = tuple[int, int]

Window = tuple[Range, Range, Floats]
"""A range of queries, a range of keys, and the weights [query, key] there."""


@dataclass
class Drawn:
    """One sentence's matrices: all heads in blocks, [head, query, key] a layer, and some heads.

    `heads` are whole, or in blocks like all others where `windows` shows parts of them.
    """

    block: int
    layers: dict[int, Floats] = field(default_factory=dict)
    heads: dict[tuple[int, int], Floats] = field(default_factory=dict)
    windows: dict[tuple[int, int], tuple[Window, ...]] = field(default_factory=dict)


Array = NDArray[np.float64]


@dataclass(frozen=True)
class SentenceFlow:
    """What flows where in one sentence of n tokens.

    `rollout` [key]: from each token to the content tokens of the last layer, mean over them,
    empty where there is none; `drift`: mean total-variation distance between the rollout rows of
    two content tokens (of 32 of them, evenly spread, in long sentences), None with fewer than
    two; `received` [key]: mean attention over layers, heads and content queries; `entropy`
    [layer]: nats, mean over heads and content queries; `matrix` [query, key]: the whole rollout,
    where it was asked for, or in long sentences its means over square blocks.
    """

    rollout: Array
    drift: float | None
    received: Array
    entropy: Array
    matrix: Array | None = None
