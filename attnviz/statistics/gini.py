"""How uneven a row is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.statistics.statistic import Statistic

if TYPE_CHECKING:
    from torch import Tensor

    from attnviz.attention.layer import LayerAttention


def _values(attention: LayerAttention, _: Tensor) -> Tensor:
    return attention.gini.masked_fill(attention.counts <= 1, float("nan"))


STATISTIC = Statistic(
    name="gini",
    title="Gini coefficient",
    unit="0 to 1 - 1/|V_i|",
    about="How unequal the weights of a row are: 0 when even. Needs |V_i| > 1.",
    formula="sum_k (2k - n - 1) a_(k) / (n sum_j a_ij), weights sorted, n = |V_i|",
    source="Gini 1912; Hurley & Rickard 2009",
    order=60,
    values=_values,
)
