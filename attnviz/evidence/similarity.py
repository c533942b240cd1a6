"""How alike heads are: mean Jensen-Shannon divergence per query, exact, on a sample of rows.

Comparing two heads takes a row of both at once, which a stream of layers doesn't hold. So the
rows of a sample of sentences, chosen by the hash of their text, are kept for all heads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import (  # type: ignore[import-untyped]
    fcluster,
    leaves_list,
    linkage,
)
from scipy.spatial.distance import squareform  # type: ignore[import-untyped]

from attnviz.attention.limits import COMPARED
from attnviz.evidence import bootstrap
from attnviz.measurement.pilot import Compared

Array = NDArray[np.float64]

Group = tuple[int, ...]

REDUNDANT = 0.15
"""Heads whose root mean divergence is surely below this (0 to sqrt(ln 2) = 0.83) are redundant."""

UNITS = 20
"""So many units of evidence, at least, say that heads are surely alike: of fewer the percentiles
of a bootstrap are too narrow for that."""

_PAIRS = 4096
"""Pairs of heads that are resampled at once."""


@dataclass(frozen=True)
class Likeness:
    """Divergence of every two heads.

    `apart` [head, head]: root of the mean Jensen-Shannon divergence in nats; `order` puts like
    heads side by side; `groups` are heads that are all surely redundant with one another (95%
    upper bounds over sentences); `rows` and `sentences` say how much was compared. `upper` [head,
    head] are those bounds, inf for heads that aren't close, NaN where there are too few sentences,
    or rows.
    """

    apart: Array
    upper: Array
    order: tuple[int, ...]
    groups: tuple[Group, ...]
    rows: int
    sentences: int


def likeness(compared: Compared, resamples: int, seed: int) -> Likeness:
    """How alike heads are, with bounds from as many resamples of the sentences' units."""
    sums, counts = compared.divergence, compared.rows.astype(np.float64)
    mean = sums.sum(0) / counts.sum()
    apart = np.sqrt(mean)
    units = compared.units.tolist()
    upper = np.full_like(apart, np.nan)
    if len(set(units)) >= UNITS and counts.sum() >= COMPARED:
        upper = _upper(apart, sums, counts, bootstrap.weights(units, resamples, seed))
    return Likeness(apart, upper, _order(apart), _groups(upper), int(counts.sum()), len(units))


def _order(apart: Array) -> tuple[int, ...]:
    """Heads so that like ones stand side by side, by average-linkage clusters."""
    if len(apart) < 2:
        return tuple(range(len(apart)))
    tree = linkage(squareform(apart, checks=False), "average", optimal_ordering=len(apart) <= 512)
    return tuple(leaves_list(tree).tolist())


def _upper(apart: Array, sums: Array, counts: Array, weights: Array) -> Array:
    """The 95% upper bounds of `apart` [head, head], for `Likeness`.

    `sums` [sentence, head, head] over `counts` [sentence] is its square; `weights` [resample,
    sentence] are the bootstrap's.
    """
    upper = np.full_like(apart, np.inf)
    np.fill_diagonal(upper, 0.0)
    close = np.argwhere(np.triu(apart < REDUNDANT, k=1))
    for first in range(0, len(close), _PAIRS):
        first_head, other = close[first : first + _PAIRS].T
        samples = bootstrap.ratio(weights @ sums[:, first_head, other], (weights @ counts)[:, None])
        bound = np.sqrt(np.nanquantile(samples, bootstrap.CONFIDENCE, axis=0))
        upper[first_head, other] = upper[other, first_head] = bound
    return upper


def _groups(upper: Array) -> tuple[Group, ...]:
    """The groups of heads that are surely redundant, every one with every other."""
    if len(upper) < 2 or np.isnan(upper).any():
        return ()
    # Linkage takes no inf: what is not close is as far as can be.
    upper = np.minimum(upper, np.sqrt(np.log(2.0)))
    labels = fcluster(linkage(squareform(upper, checks=False), "complete"), REDUNDANT, "distance")
    members = [tuple(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)]
    return tuple(sorted(group for group in members if len(group) > 1))
