"""Tokens merged into words, and their attention cell by cell."""

from __future__ import annotations

from itertools import accumulate, pairwise

import numpy as np

from attnviz.text.merge import Groups
from tests.helpers.measure import Floats

# The shorter first, for so they stand in a batch.
SOURCES = [((0, 1), (2,), (3,), (4, 5, 6)), ((0,), (1, 2, 3), (4,), (5, 6), (7,), (8,))]


def by_hand(weights: Floats, queries: Groups, keys: Groups, *, last: bool) -> Floats:
    """Weights [head, query, key] between tokens as those between words, cell by cell."""
    out = np.zeros((len(weights), len(queries), len(keys)))
    for i, query in enumerate(queries):
        for j, key in enumerate(keys):
            looking = query[-1:] if last else query
            out[:, i, j] = weights[:, looking][..., key].sum((1, 2)) / len(looking)
    return out


def groups_of(sizes: list[int]) -> Groups:
    """Groups of so many tokens side by side."""
    edges = pairwise(accumulate(sizes, initial=0))
    return tuple(tuple(range(first, last)) for first, last in edges)
