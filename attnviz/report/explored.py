"""What the page's explorer has of a sentence: its tokens, words, packed weights and targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from attnviz.text.types import TokenLabel

Word = tuple[str, tuple[int, ...]]
"""A word's text, and the places of its tokens."""

RoleTarget = tuple[str, str]
"""A role's name, and which of its targets a head has: the offset "-2", else ""."""


@dataclass(frozen=True, repr=False)
class Explored:
    """One illustrated sentence, all heads of one stream.

    `keys` and `key_words` are empty where the keys are the queries' own tokens. `layers` are blocks
    as `attnviz.observers.packing` makes them, `heads` how many heads each has. `targets` are the
    cells [query, key] of roles that some head has. `last`: a word's last token looks for it, else
    all its tokens in equal parts. `neurons` are queries and keys of some heads, as
    `attnviz.observers.neurons` packs them, by layer and head. `why_not` says why there are no
    weights, "" where there are.
    """

    id: int
    text: str
    queries: tuple[TokenLabel, ...]
    keys: tuple[TokenLabel, ...]
    words: tuple[Word, ...]
    key_words: tuple[Word, ...]
    layers: Mapping[int, bytes]
    heads: Mapping[int, int]
    targets: Mapping[RoleTarget, NDArray[np.bool_]]
    last: bool
    neurons: Mapping[tuple[int, int], bytes] = field(default_factory=dict)
    why_not: str = ""
