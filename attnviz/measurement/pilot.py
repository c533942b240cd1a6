"""What was fitted on the pilot: up to 1,024 sentences, so that a corpus can be added up.

A baseline that is itself fitted, the words that are related, which heads are alike, and what is
usual in a sentence: none of them is a sum that a unit could carry, so all of them are known from
the pilot alone.
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
class Usual:
    """What is usual in sentences of like length: means and standard deviations over sentences.

    Lengths, in tokens, are cut at `edges`: a sentence belongs to the bin whose number is that of
    the edges not above its length. `measures` are roles and statistics by name, `means` and
    `deviations` [bin, head, measure]; NaN where fewer than two sentences of a bin had any.
    """

    measures: tuple[str, ...]
    edges: tuple[int, ...]
    means: NDArray[np.float64]
    deviations: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pilot:
    """The pilot of a measurement, by stream where streams differ.

    `digest` is the sum of its sentences' hashes modulo 2^64. `related` is that of what the model
    reads and, where it has a decoder of its own, of what that reads. `usual` is left out of a
    pilot of too few sentences.
    """

    sentences: int
    digest: int
    related: tuple[RelatedFit, ...] = ()
    fits: Mapping[str, Mapping[str, Fit]] = field(default_factory=dict)
    compared: Mapping[str, Compared] = field(default_factory=dict)
    usual: Mapping[str, Usual] = field(default_factory=dict)

    @property
    def key(self) -> tuple[int, int]:
        """What tells pilots apart."""
        return self.sentences, self.digest
