"""Tokens that all look at one content token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.roles.role import ShapeRole

if TYPE_CHECKING:
    from torch import Tensor

    from attnviz.attention.layer import LayerAttention


def _mass(attention: LayerAttention, content: Tensor) -> Tensor:
    received = attention.received(content) * content[:, None]
    return received.amax(-1)


def _events(_: LayerAttention, content: Tensor) -> Tensor:
    return content.sum(-1)


def _null(attention: LayerAttention, content: Tensor, noise: Tensor) -> Tensor:
    return attention.shuffled(content, content, noise).amax(-1)


ROLE = ShapeRole(
    name="vertical-strip",
    title="vertical strip",
    family="shape",
    letter="V",
    order=150,
    about="All tokens look at one content token, whichever it is.",
    formula="S_i = {j*}, j* the content token with the largest column sum over content queries",
    source="Kovaleva et al. 2019 (vertical)",
    margin=0.1,
    baselines=("null",),
    mass=_mass,
    events=_events,
    null=_null,
)
