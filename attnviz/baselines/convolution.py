"""Convolution along the last axis."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def convolved(first: Array, other: Array) -> Array:
    """Every overlap of two arrays [..., n] and [..., m], [..., n + m - 1]."""
    # Imported where it is used: it takes 50 MB, and short sentences need none of it.
    from scipy.signal import fftconvolve  # type: ignore[import-untyped]

    overlaps: Array = fftconvolve(first, other, axes=-1)
    return overlaps
