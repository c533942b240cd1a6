"""Tokens that all look at one content token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attnviz.attention.targets import Bools, Floats
from attnviz.roles.role import CROSS, SELF, ShapeRole

if TYPE_CHECKING:
    from torch import Tensor

    from attnviz.attention.layer import LayerAttention


def _mass(attention: LayerAttention, _: Tensor) -> Tensor:
    return (attention.received * attention.strips[:, None]).amax(-1)


def _events(attention: LayerAttention, content: Tensor) -> Tensor:
    return content.sum(-1) * attention.strips.any(-1)


def _permuted(attention: LayerAttention, _: Tensor) -> Tensor:
    return attention.dealt


def _keys(attention: LayerAttention) -> Tensor:
    received = attention.received * attention.strips[:, None]
    return (received == received.amax(-1, keepdim=True)) & attention.strips[:, None]


def _cells(weights: Floats, queries: Bools, keys: Bools) -> Bools:
    received = weights[queries].sum(0) * keys
    received[0] = 0.0
    strip: Bools = np.arange(len(keys)) == received.argmax()
    cells: Bools = queries[:, None] & strip[None, :]
    return cells


ROLE = ShapeRole(
    name="vertical-strip",
    title="vertical strip",
    family="shape",
    letter="V",
    order=150,
    does="has all tokens look at one and the same word",
    about="All tokens look at one content token, whichever it is but the first of the sentence.",
    formula="S_i = {j*}, j* > 0 the content token with the largest column sum",
    source="Kovaleva et al. 2019 (vertical)",
    margin=0.1,
    baselines=("permuted",),
    streams=SELF + CROSS,
    mass=_mass,
    events=_events,
    permuted=_permuted,
    cells=_cells,
    keys=_keys,
)
