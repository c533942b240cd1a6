"""What was fitted on the pilot: up to 1,024 sentences, so that a corpus can be added up.

A baseline that is itself fitted, the words that are related, and which heads are alike: none of
them is a sum that a unit could carry, so all of them are known from the pilot alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Fit:
    """What a baseline learned: plain arrays and names.

    Each half of the pilot is fitted alone, and what is scored is held against the other half's.
    """

    arrays: Mapping[str, NDArray[Any]]
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class RelatedFit:
    """What makes words related: see `attnviz.models.related`."""

    frequent: tuple[str, ...] = ()
    floor: float | None = None


@dataclass(frozen=True, eq=False)
class Compared:
    """How alike heads are on sampled rows of the pilot.

    `divergence` [sentence, head, head] are Jensen-Shannon divergences in nats, summed over `rows`
    [sentence] of rows; `units` [sentence] are the sentences' units of evidence.
    """

    divergence: NDArray[np.float64]
    rows: NDArray[np.int64]
    units: NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class Pilot:
    """The pilot of a measurement, by stream where streams differ.

    `digest` is the sum of its sentences' hashes modulo 2^64. `related` is that of what the model
    reads and, where it has a decoder of its own, of what that reads.
    """

    sentences: int
    digest: int
    related: tuple[RelatedFit, ...] = ()
    fits: Mapping[str, Mapping[str, Fit]] = field(default_factory=dict)
    compared: Mapping[str, Compared] = field(default_factory=dict)

    @property
    def key(self) -> tuple[int, int]:
        """What tells pilots apart."""
        return self.sentences, self.digest
