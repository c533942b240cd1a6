"""What a figure is drawn from: plain arrays and labels, nothing that knows a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from attnviz.text.types import TokenLabel

Floats = NDArray[np.float64] | NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class RoleMark:
    """One role that one head was found to have.

    `family` names the colour (see `palette.FAMILIES`), `letter` stands in the cell, `score` is
    the attention mass in [0, 1], `supported` is False where the evidence is only tentative,
    or, not `judged`, too little for any verdict.
    """

    role: str
    title: str
    family: str
    letter: str
    score: float
    supported: bool
    judged: bool = True


@dataclass(frozen=True)
class ModelView:
    """A whole model. Maps are arrays [layer, head]; NaN is a head that doesn't exist.

    `statistics` by name: "entropy" (nats), "normalized_entropy", "distance" (tokens),
    "confidence", ...; `roles[layer][head]` lists the roles found, the specific before the general.
    `dissimilarity` [head, head] is the root of the mean Jensen-Shannon divergence (nats), heads
    counted layer by layer, those that don't exist all in (as NaN) or all left out; `order` sorts
    them by cluster; `groups` are the redundant ones.
    `stream` is the attention shown, in models of several: "encoder", "decoder" or "cross".
    `key_heads`: layer -> number of key heads, where heads share them; `windows`: layer -> tokens
    that a head sees, where it doesn't see all.
    """

    model: str
    statistics: Mapping[str, Floats]
    roles: tuple[tuple[tuple[RoleMark, ...], ...], ...]
    dissimilarity: Floats | None
    order: tuple[int, ...] = ()
    groups: tuple[tuple[int, ...], ...] = ()
    stream: str = ""
    key_heads: Mapping[int, int] = field(default_factory=dict)
    windows: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Window:
    """A piece of a long sentence's attention, weight by weight.

    `queries` and `keys` are half-open ranges of token places; `attention` [query, key] are the
    weights between them as they are, so that a row sums to what isn't elsewhere.
    """

    queries: tuple[int, int]
    keys: tuple[int, int]
    attention: Floats


@dataclass(frozen=True)
class RoleTarget:
    """One role of a head on one sentence: what it would look at, and how much it does.

    `cells` are the (query, key) pairs of the role's target, in long sentences at least those in
    the windows. `mass` is the share of attention on the target in this sentence, `chance` what
    uniform attention would put there (both None where the role has no cells here). `words` is 0, or
    for a role between words how many here have it: then `mass` is the share of them whose most
    attended other word is right, and `chance` that of a word at random.
    """

    mark: RoleMark
    cells: tuple[tuple[int, int], ...]
    mass: float | None
    chance: float | None
    words: int = 0

    @property
    def shows(self) -> bool:
        """Whether the role is above chance in this sentence."""
        return self.mass is not None and self.chance is not None and self.mass > self.chance


@dataclass(frozen=True)
class HeadView:
    """One head on one sentence with its `roles`, those first in which it is the best of all heads.

    `attention` [query, key], in sentences of more than `POOLED` tokens the means of blocks as in
    `SentenceView`, with one to three `windows` to be read token by token, 40 tokens a side at
    most. `also` are the titles of further roles that it has, which are not outlined.
    """

    roles: tuple[RoleTarget, ...]
    layer: int
    head: int
    attention: Floats
    windows: tuple[Window, ...] = ()
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class SentenceView:
    """One illustrated sentence. Rows are queries, columns keys, everywhere.

    `labels` name the queries, `key_labels` the keys where they are other tokens, as in
    cross-attention; `stream` as in `ModelView`, and so `key_heads` and `windows`.
    `attention` [layer, head, query, key]; where queries or keys are more than `POOLED` it holds
    the means of square blocks of `block` tokens a side instead, so that its last two axes are
    ceil(queries / block) and ceil(keys / block). `layer_means` [layer, query, key] likewise;
    `rollout` [query, key] whole or likewise, None where there is none. `received` [key] (the
    mean over layers, heads and content queries of the attention a key gets) is never pooled.
    `causal` models only see keys to the left.
    """

    id: int
    labels: tuple[TokenLabel, ...]
    attention: Floats
    layer_means: Floats
    rollout: Floats | None
    received: Floats
    heads: tuple[HeadView, ...]
    causal: bool
    block: int = 1
    key_labels: tuple[TokenLabel, ...] = ()
    stream: str = ""
    key_heads: Mapping[int, int] = field(default_factory=dict)
    windows: Mapping[int, int] = field(default_factory=dict)

    @property
    def keys(self) -> tuple[TokenLabel, ...]:
        """The labels of the columns."""
        return self.key_labels or self.labels


POOLED = 128
"""Of more tokens than this, matrices are drawn in blocks of tokens: no side has more cells."""
