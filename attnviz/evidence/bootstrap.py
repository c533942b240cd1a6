"""The bootstrap over sentences: Poisson weights that depend on each sentence's text alone.

Sentence s counts Poisson(1) times in a resample (Hanley & MacGibbon 2006; Chamandy et al.
2012). Its weights come from its own text, so that two runs over two parts of a corpus add up to
one run over both, and a sentence that occurs twice brings no evidence twice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FEWEST = 5
"""With fewer sentences than this no interval is given: resampling so few says nothing."""


def weights(digests: Sequence[int], resamples: int, seed: int) -> Array:
    """How often each sentence counts in each resample, [resample, sentence]."""
    columns = [np.random.default_rng([seed, one]).poisson(1.0, resamples) for one in digests]
    return np.array(columns, dtype=np.float64).reshape(len(digests), resamples).T


def ratio(numerator: Array, denominator: Array) -> Array:
    """Sum over sum, NaN where there is nothing to divide by."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(denominator > 0, numerator / denominator, np.nan)


def interval(samples: Array, level: float = 0.95) -> tuple[Array, Array]:
    """Percentile interval over the first axis of [resample, ...]; NaN resamples are left out."""
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    if not np.isnan(samples).any():
        low, high = np.quantile(samples, tails, axis=0)
        return low, high
    known = ~np.isnan(samples).all(axis=0)
    bounds = np.full((2, *samples.shape[1:]), np.nan)
    bounds[:, known] = np.nanquantile(samples[:, known], tails, axis=0)
    return bounds[0], bounds[1]
