"""How much of a row moves next to nothing: what it gives the first token and special tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.statistics.statistic import Statistic

if TYPE_CHECKING:
    from torch import Tensor

    from attnviz.attention.layer import LayerAttention


def _values(attention: LayerAttention, _: Tensor) -> Tensor:
    # Strips may stand on all other tokens; what a sink logit takes is on none.
    resting = (1.0 - attention.measured.strip_total).clamp_min(0.0)
    # A row that sees one key, as the first of a causal model does, has no choice.
    return resting.masked_fill(attention.counts <= 1, float("nan"))


STATISTIC = Statistic(
    name="resting",
    title="at rest",
    unit="mass",
    about="What a row gives the first token, special tokens and the sink logit together.",
    formula="1 - sum of a_ij over content tokens j > 0; |V_i| > 1",
    source="Clark et al. 2019; Xiao et al. 2023; Gu et al. 2024",
    order=75,
    values=_values,
)
