"""What is usual in a sentence's attention, and how far from that a sentence is.

The distance of a sentence is the standardised Euclidean distance (Mahalanobis 1936, with the
correlations left out) divided by the root of how many numbers there are:

    d = sqrt(mean over heads and measures of min(|x - m| / max(s, 0.001), 5)^2)

x is the mean over the sentence's queries of a role's score less its chance, or of a statistic; m
and s are its mean and standard deviation over the pilot's sentences of like length, for much of
attention goes by the length of a sentence. Usual sentences have a distance of about 1. No number
counts for more than 5 standard deviations (Huber 1964), for a head that does the same in nearly
all sentences would else outweigh all others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from attnviz.evidence.bootstrap import Array, ratio
from attnviz.measurement.pilot import Usual
from attnviz.observers.tables import LayerSums, ScoreTable

Floats = NDArray[np.floating]

STATISTICS = ("normalized_entropy", "confidence", "gini", "distance", "received", "resting")
"""Those that say how a sentence is attended to, not how long it is."""

FEWEST = 32
"""Sentences of a bin of lengths, and of a pilot by which sentences are judged at all."""

BINS = 8
"""Bins of lengths at most."""

LEAST, MOST = 1e-3, 5.0
"""The least standard deviation that is taken for true, and the most of them that count."""


def usual(table: ScoreTable, lengths: Sequence[int]) -> Usual | None:
    """What is usual in the sentences of a pilot; None of too few.

    `lengths` [sentence] are in tokens.
    """
    if len(lengths) < FEWEST:
        return None
    bins = min(BINS, len(lengths) // FEWEST)
    ordered = np.sort(np.array(lengths))
    # Between equal lengths there is no edge: they belong together.
    edges = sorted({int(ordered[len(ordered) * place // bins]) for place in range(1, bins)})
    measures, values = sentence_values(table)
    of_sentence = bins_of(edges, lengths)
    shape = (len(edges) + 1, *values.shape[1:])
    means, deviations = np.full(shape, np.nan), np.full(shape, np.nan)
    for place in range(len(edges) + 1):
        means[place], deviations[place] = _moments(values[of_sentence == place])
    return Usual(measures, tuple(edges), means, deviations)


def _moments(values: Floats) -> tuple[Array, Array]:
    """Mean and standard deviation over sentences, both [head, measure]; NaN of fewer than two."""
    known = ~np.isnan(values)
    count = known.sum(0).astype(np.float64)
    count[count < 2] = 0
    mean = ratio(np.nan_to_num(values).sum(0, dtype=np.float64), count)
    squares = np.where(known, (values - mean) ** 2, 0.0).sum(0)
    return mean, np.sqrt(ratio(np.nan_to_num(squares), count))


def bins_of(edges: Sequence[int], lengths: Sequence[int]) -> NDArray[np.int64]:
    """The bin of each length."""
    return np.searchsorted(np.array(edges, np.int64), np.array(lengths, np.int64), side="right")


def sentence_values(table: ScoreTable) -> tuple[tuple[str, ...], Floats]:
    """The measures that any sentence has, and its numbers, [sentence, head, measure].

    NaN where there is nothing to measure: a sentence without commas, say. Roles that choose among
    several targets are left out, for the choice is made of all sentences together. Numbers are as
    exact as they were measured.
    """
    roles = [place for place, column in enumerate(table.columns) if not column.role.chooses]
    statistics = [place for place, of in enumerate(table.statistics) if of.name in STATISTICS]
    values = np.concatenate([_of_layer(sums, roles, statistics) for sums in table.layers], 1)
    names = [table.columns[place].role.name for place in roles]
    names += [table.statistics[place].name for place in statistics]
    there = ~np.isnan(values).all((0, 1))
    if there.all():
        return tuple(names), values
    return tuple(np.array(names)[there].tolist()), values[..., there]


def _of_layer(sums: LayerSums, roles: Sequence[int], statistics: Sequence[int]) -> Floats:
    """The numbers of one layer, [sentence, head, measure]."""
    many = *sums.mass.shape[:2], len(roles) + len(statistics)
    values = np.empty(many, sums.mass.dtype)
    with np.errstate(invalid="ignore", divide="ignore"):
        events, counts = sums.events[..., roles], sums.counts[..., statistics]
        beyond = sums.mass[..., roles] - sums.chance[..., roles]
        np.divide(beyond, np.where(events > 0, events, np.nan), out=values[..., : len(roles)])
        totals = sums.values[..., statistics]
        np.divide(totals, np.where(counts > 0, counts, np.nan), out=values[..., len(roles) :])
    return values


def deviations(usual: Usual, table: ScoreTable, lengths: Sequence[int]) -> tuple[Floats, Floats]:
    """The numbers of each sentence, and by how many standard deviations they are off.

    Both [sentence, head, measure], the measures being the pilot's; NaN where the sentence has no
    such number, or the pilot knew none.
    """
    measures, values = sentence_values(table)
    if measures != usual.measures:
        known = {name: values[..., place] for place, name in enumerate(measures)}
        nothing = np.full(values.shape[:2], np.nan, values.dtype)
        values = np.stack([known.get(name, nothing) for name in usual.measures], -1)
    off = np.empty_like(values)
    bins = bins_of(usual.edges, lengths)
    for place in np.unique(bins).tolist():
        rows = bins == place
        spread = np.maximum(usual.deviations[place], LEAST)
        off[rows] = (values[rows] - usual.means[place].astype(values.dtype)) / spread.astype(
            values.dtype
        )
    return values, off


def distances(off: Floats) -> Array:
    """How far each sentence is from the usual, [sentence]; 0 where nothing can be said.

    `off` [sentence, head, measure] are standard deviations.
    """
    sizes = np.minimum(np.abs(off), MOST).reshape(len(off), -1)
    known = ~np.isnan(sizes)
    sizes[~known] = 0.0
    squares = np.einsum("sn,sn->s", sizes, sizes, dtype=np.float64)
    return np.sqrt(np.nan_to_num(ratio(squares, known.sum(1).astype(np.float64))))
