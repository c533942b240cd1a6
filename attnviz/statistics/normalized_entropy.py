"""Entropy as a share of what it could be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.statistics.statistic import Statistic

if TYPE_CHECKING:
    from torch import Tensor

    from attnviz.attention.layer import LayerAttention


def _values(attention: LayerAttention, _: Tensor) -> Tensor:
    # ln 1 = 0: a row that sees one key has no normalised entropy, and 0 / 0 says so as NaN.
    seen = attention.counts
    return attention.entropy.masked_fill(seen <= 1, float("nan")) / seen.log()


STATISTIC = Statistic(
    name="normalized_entropy",
    title="normalised entropy",
    unit="share of ln|V_i|",
    about="Entropy divided by its greatest value: 1 is even attention. Needs |V_i| > 1.",
    formula="H_i / ln|V_i|",
    source="Clark et al. 2019",
    order=20,
    values=_values,
)
