"""Fixed-point numbers: sums of them are the same bytes in any order and grouping."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from attnviz.errors import InputError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

BITS = 32
"""Binary places of most sums: a step of 2.3e-10, and room for 2e9 of them."""

_LARGEST = 2.0**63


class SumError(InputError):
    """A sum that is not finite or too large to be exact."""


def fixed(values: NDArray[np.floating], bits: int = BITS) -> Ints:
    """Numbers as integer multiples of 2^-bits, each rounded to the nearest.

    Raises SumError for NaN, infinity, and what 64 bits can't hold.
    """
    scaled = np.rint(np.ldexp(np.asarray(values, np.float64), bits))
    if not np.isfinite(scaled).all():
        raise SumError(
            "A sum of attention is not a finite number.",
            "Try --dtype float32: the model's numbers overflow in its own type.",
        )
    _check(np.abs(scaled))
    return scaled.astype(np.int64)


def floats(sums: Ints, bits: int = BITS) -> Floats:
    """Fixed-point numbers as floats."""
    return np.ldexp(sums.astype(np.float64), -bits)


def scattered(sums: Ints, rows: Ints, size: int) -> Ints:
    """Sums [row, ...] added up into `size` rows, each where `rows` [row] says.

    Raises SumError on overflow.
    """
    if len(rows) == size and np.array_equal(rows, np.arange(size)):
        return sums
    return added_at(np.zeros((size, *sums.shape[1:]), np.int64), sums, rows)


def added_at(base: Ints, sums: Ints, rows: Ints) -> Ints:
    """`base` [row, ...] with `sums` [row, ...] added, each where `rows` says.

    Raises SumError on overflow.
    """
    if not len(rows):
        return base
    # Sums that share a row are added side by side: np.add.at takes several times as long.
    order = np.argsort(rows, kind="stable")
    first = np.flatnonzero(np.diff(rows[order], prepend=-1))
    at = rows[order][first]
    if _largest(sums) * len(sums) >= _LARGEST:
        _check(np.abs(sums.astype(np.float64)).sum(0))
    out = base.copy()
    out[at] = added(out[at], np.add.reduceat(sums[order], first, axis=0))
    return out


def added(first: Ints, second: Ints) -> Ints:
    """The sum of two arrays of one shape. Raises SumError on overflow."""
    if _largest(first) + _largest(second) >= _LARGEST:
        _check(np.abs(first.astype(np.float64)) + np.abs(second.astype(np.float64)))
    return first + second


def _largest(sums: Ints) -> float:
    """The size of the largest sum, in less time than checking each of them."""
    return max(float(sums.max()), -float(sums.min())) if sums.size else 0.0


def _check(sizes: Floats) -> None:
    if sizes.size and sizes.max() >= _LARGEST:
        raise SumError(
            "A sum is too large to be kept exactly.",
            "Measure the corpus in parts, and report on them apart.",
        )
