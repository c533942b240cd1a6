"""What is kept of a sentence's weights to stand in a page."""

from __future__ import annotations

from dataclasses import dataclass, field

HeadPlace = tuple[int, int]
"""A layer and the number of a head in it."""

MOST = 1024
"""Of more tokens on a side nothing is kept: nobody can look at a million weights a head."""


@dataclass
class Packed:
    """One sentence's blocks, a layer's number -> roots of weights, deflated.

    A block holds uint8 [head, query, key], as many heads as the layer has, and behind them what
    each row sums to, uint8 [head, query] in steps of 1/255: less than 1 where a model has a sink
    logit. `fits` is False where the sentence is too long, or all its blocks would take more room
    than there is; then it has none.
    """

    fits: bool
    layers: dict[int, bytes] = field(default_factory=dict)
    heads: dict[int, int] = field(default_factory=dict)
