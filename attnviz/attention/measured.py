"""What a kernel hands back of one layer."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from attnviz.attention.words import Looks

ROWWISE = (
    "entropy",
    "distance",
    "confidence",
    "top",
    "total",
    "strip_total",
    "strip_square",
)
"""The fields of `Measured` that hold a number a row."""


@dataclass(frozen=True, eq=False)
class Measured:
    """Row functionals, column sums and masses of one layer, float32.

    [batch, head, query]: `entropy` in nats, `distance` in tokens, `confidence` the largest
    weight, `top` the sum of the `TOP` largest, `total` the row sum; over the request's strips alone
    `strip_total` and `strip_square` (the sum of squares).
    `gini` [batch, head, row of `sorted_rows`]. Column sums over content queries: `received`
    [batch, head, key] and `by_offset` [batch, head, query + key - 1], the offset j - i = k at
    index k + query - 1. `masses` and `reached` [batch, head, column]: mass on each target, and
    how many queries have any. `head_mean` [batch, query, key]. `mixed` [batch, head, query,
    width] are the values as the layer mixes them. `looks` is what words look at. None where it
    wasn't asked for.
    """

    entropy: Tensor
    distance: Tensor
    confidence: Tensor
    top: Tensor
    total: Tensor
    strip_total: Tensor
    strip_square: Tensor
    gini: Tensor
    received: Tensor
    by_offset: Tensor | None
    masses: Tensor | None
    reached: Tensor | None
    head_mean: Tensor | None
    mixed: Tensor | None
    looks: Looks | None
