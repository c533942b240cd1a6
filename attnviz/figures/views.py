"""What a figure is drawn from: plain arrays and labels, nothing that knows a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attnviz.text.types import TokenLabel

Floats = NDArray[np.float64] | NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class RoleMark:
    """One role that one head was found to have.

    `family` names the colour (see `palette.FAMILIES`), `letter` stands in the cell, `score` is
    the attention mass in [0, 1], `supported` is False where the evidence is only tentative.
    """

    role: str
    title: str
    family: str
    letter: str
    score: float
    supported: bool


@dataclass(frozen=True)
class ModelView:
    """A whole model. Maps are arrays [layer, head]; NaN is a head that doesn't exist.

    `statistics` by name: "entropy" (nats), "normalized_entropy", "distance" (tokens),
    "confidence", ...; `roles[layer][head]` lists the roles found, the specific before the general.
    `dissimilarity` [head, head] is the root of the mean Jensen-Shannon divergence (nats), heads
    counted layer by layer; `order` sorts them by cluster; `groups` are the redundant ones.
    """

    model: str
    statistics: Mapping[str, Floats]
    roles: tuple[tuple[tuple[RoleMark, ...], ...], ...]
    dissimilarity: Floats | None
    order: tuple[int, ...] = ()
    groups: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True)
class HeadView:
    """One head on one sentence, drawn because it is the best of a role.

    `attention` [query, key]; `cells` are the (query, key) pairs of the role's target.
    `mass` is the share of attention on the target in this sentence, `chance` what uniform
    attention would put there (both None where the role has no cells here).
    """

    mark: RoleMark
    layer: int
    head: int
    attention: Floats
    cells: tuple[tuple[int, int], ...]
    mass: float | None
    chance: float | None


@dataclass(frozen=True)
class SentenceView:
    """One illustrated sentence. Rows are queries, columns keys, everywhere.

    `attention` [layer, head, query, key]; above `POOLED` tokens it holds the means of square
    blocks of `block` tokens a side instead, so that its last two axes are ceil(n / block).
    `layer_means` [layer, query, key] likewise; `rollout` [query, key] and `received` [key] (the
    mean over layers, heads and content queries of the attention a key gets) are never pooled.
    `causal` models only see keys to the left.
    """

    id: int
    labels: tuple[TokenLabel, ...]
    attention: Floats
    layer_means: Floats
    rollout: Floats
    received: Floats
    heads: tuple[HeadView, ...]
    causal: bool
    block: int = 1


POOLED = 128
"""Sentences of more tokens than this are drawn as block means where all heads are shown."""
