"""Tokens that each look at very few keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.attention.limits import TOP
from attnviz.roles.role import CROSS, SELF, ShapeRole

if TYPE_CHECKING:
    from torch import Tensor

    from attnviz.attention.layer import LayerAttention


def _queries(attention: LayerAttention, content: Tensor) -> Tensor:
    # With three visible keys or fewer every head is sparse.
    return content & (attention.counts[:, 0] > TOP)


def _by_query(attention: LayerAttention) -> Tensor:
    return attention.top.masked_fill(attention.counts <= TOP, float("nan"))


def _mass(attention: LayerAttention, content: Tensor) -> Tensor:
    return (attention.top * _queries(attention, content)[:, None]).sum(-1)


def _events(attention: LayerAttention, content: Tensor) -> Tensor:
    return _queries(attention, content).sum(-1)


ROLE = ShapeRole(
    name="sparse",
    title="sparse",
    family="shape",
    letter="A",
    order=160,
    does="puts nearly all its attention on three tokens",
    about="Each token spends nearly all its attention on three keys.",
    formula="mass on the three largest weights of a row, over rows with |V_i| > 3",
    source="Pande et al. 2021; Clark et al. 2019 (entropy)",
    margin=0.5,
    needs="sentences of more than three tokens",
    streams=SELF + CROSS,
    mass=_mass,
    events=_events,
    by_query=_by_query,
)
