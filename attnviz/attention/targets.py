"""Targets: for each query, the keys that it would look at if the head played a role.

A target is stated as keys that all queries share, as offsets, or as single pairs, so that its
mass can be read off a layer without making the matrix (`attnviz.attention.masses`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class KeyTarget:
    """S_i = `keys` for every query in `queries`; both boolean [token]."""

    queries: Bools
    keys: Bools

    def matrix(self) -> Bools:
        """The target as a boolean matrix [query, key]."""
        return self.queries[:, None] & self.keys[None, :]


@dataclass(frozen=True)
class OffsetTarget:
    """S_i = {i + k for k in `offsets`} for every query in `queries`, boolean [token]."""

    queries: Bools
    offsets: tuple[int, ...]

    def matrix(self) -> Bools:
        """The target as a boolean matrix [query, key]."""
        n = len(self.queries)
        hit = np.zeros((n, n), dtype=np.bool_)
        for offset in self.offsets:
            hit |= np.eye(n, k=offset, dtype=np.bool_)
        return hit & self.queries[:, None]


@dataclass(frozen=True)
class PairTarget:
    """S_i = {j : (i, j) in `pairs`}; `pairs` is an integer array [pair, 2], no pair twice."""

    pairs: NDArray[np.int64]
    tokens: int

    def matrix(self) -> Bools:
        """The target as a boolean matrix [query, key]."""
        hit = np.zeros((self.tokens, self.tokens), dtype=np.bool_)
        hit[self.pairs[:, 0], self.pairs[:, 1]] = True
        return hit


Target = KeyTarget | OffsetTarget | PairTarget
