"""How much a sink logit takes out of a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.statistics.statistic import Statistic

if TYPE_CHECKING:
    from torch import Tensor

    from attnviz.attention.layer import LayerAttention


def _values(attention: LayerAttention, _: Tensor) -> Tensor | None:
    return None if attention.sinks is None else 1.0 - attention.total


STATISTIC = Statistic(
    name="removed",
    title="removed by the sink logit",
    unit="mass",
    about="What a learned sink logit takes from each row; only models that have one (gpt-oss).",
    formula="1 - sum_j a_ij",
    source="Xiao et al. 2023; OpenAI 2025 (gpt-oss model card)",
    order=80,
    values=_values,
)
