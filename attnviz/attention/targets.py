"""Targets: for each query, the keys that it would look at if the head played a role.

A target is stated as keys that all queries share, as offsets, as single pairs, or as labels that
query and key have in common, so that its mass can be read off a layer without the matrix.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]
Range = tuple[int, int]
"""Places from the first up to the second, which is left out."""


@dataclass(frozen=True)
class KeyTarget:
    """S_i = `keys` for every query in `queries`; boolean [query] and [key]."""

    queries: Bools
    keys: Bools

    def part(self, queries: Range, keys: Range) -> Bools:
        """The target on some queries and keys as a boolean matrix [query, key]."""
        return self.queries[slice(*queries), None] & self.keys[None, slice(*keys)]


@dataclass(frozen=True)
class OffsetTarget:
    """S_i = {i + k for k in `offsets`} for every query in `queries`, boolean [query]."""

    queries: Bools
    offsets: tuple[int, ...]

    def part(self, queries: Range, keys: Range) -> Bools:
        """The target on some queries and keys as a boolean matrix [query, key]."""
        apart = np.arange(*keys) - np.arange(*queries)[:, None]
        hit: Bools = np.isin(apart, self.offsets) & self.queries[slice(*queries), None]
        return hit


@dataclass(frozen=True)
class PairTarget:
    """S_i = {j : (i, j) in `pairs`}; `pairs` is an integer array [pair, 2], no pair twice."""

    pairs: NDArray[np.int64]
    tokens: int

    def part(self, queries: Range, keys: Range) -> Bools:
        """The target on some queries and keys as a boolean matrix [query, key]."""
        starts, stops = np.array([queries, keys]).T
        inside = self.pairs[((self.pairs >= starts) & (self.pairs < stops)).all(1)] - starts
        hit = np.zeros(stops - starts, dtype=np.bool_)
        hit[inside[:, 0], inside[:, 1]] = True
        return hit


@dataclass(frozen=True)
class MatchTarget:
    """S_i = {j != i : `keys`[j] = `queries`[i]}, labels from 0; -1 matches nothing.

    With `before` only keys to the left of the query count.
    """

    queries: NDArray[np.int64]
    keys: NDArray[np.int64]
    before: bool = False

    def part(self, queries: Range, keys: Range) -> Bools:
        """The target on some queries and keys as a boolean matrix [query, key]."""
        labels = self.queries[slice(*queries), None]
        apart = np.arange(*keys) - np.arange(*queries)[:, None]
        hit: Bools = (labels == self.keys[None, slice(*keys)]) & (labels >= 0)
        return hit & (apart < 0 if self.before else apart != 0)


Target = KeyTarget | OffsetTarget | PairTarget | MatchTarget
