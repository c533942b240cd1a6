"""Tokens that all look at one content token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attnviz.attention.targets import Bools, Floats
from attnviz.roles.role import ShapeRole

if TYPE_CHECKING:
    from torch import Tensor

    from attnviz.attention.layer import LayerAttention


def _keys(content: Tensor) -> Tensor:
    # Whatever stands first is a sink in many models, which is a role of its own.
    keys = content.clone()
    keys[:, 0] = False
    return keys


def _mass(attention: LayerAttention, content: Tensor) -> Tensor:
    received = attention.received(content) * _keys(content)[:, None]
    return received.amax(-1)


def _events(_: LayerAttention, content: Tensor) -> Tensor:
    return content.sum(-1) * _keys(content).any(-1)


def _permuted(attention: LayerAttention, content: Tensor, noise: Tensor) -> Tensor:
    return attention.shuffled(content, _keys(content), noise).amax(-1)


def _cells(weights: Floats, content: Bools) -> Bools:
    received = weights[content].sum(0) * content
    received[0] = 0.0
    strip: Bools = np.arange(len(content)) == received.argmax()
    cells: Bools = content[:, None] & strip[None, :]
    return cells


ROLE = ShapeRole(
    name="vertical-strip",
    title="vertical strip",
    family="shape",
    letter="V",
    order=150,
    about="All tokens look at one content token, whichever it is but the first of the sentence.",
    formula="S_i = {j*}, j* > 0 the content token with the largest column sum",
    source="Kovaleva et al. 2019 (vertical)",
    margin=0.1,
    baselines=("permuted",),
    mass=_mass,
    events=_events,
    permuted=_permuted,
    cells=_cells,
)
