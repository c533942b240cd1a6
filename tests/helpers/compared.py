"""Made-up sums of heads before and after, to be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnviz.comparison.differences import Differences
from attnviz.comparison.measures import Measure
from attnviz.comparison.records import HeadDifference, HeadMatch
from attnviz.evidence import bootstrap
from attnviz.evidence.gather import Sums
from attnviz.measurement.measurement import Measurement
from attnviz.measurement.sums import FixedSums

Floats = NDArray[np.float64]


def measure(
    before: Floats,
    after: Floats,
    events: NDArray[Any] | None = None,
    events_after: NDArray[Any] | None = None,
    *,
    role: str = "previous-token",
    unit: str = "",
) -> Measure:
    """Of scores [unit, head] on either side, each over the events [unit, head], or 1."""
    of_before = np.ones(before.shape) if events is None else events
    same = np.ones(after.shape) if events is None else of_before
    of_after = same if events_after is None else events_after
    sentences = (of_before > 0).sum(0) * 1.0, (of_after > 0).sum(0) * 1.0
    sums = Sums(before * of_before, of_before), Sums(after * of_after, of_after)
    return Measure(role, "score" if role else "entropy", unit, *sums, sentences)


def matched(heads: int) -> list[HeadMatch]:
    """Heads of layer 0, each with itself."""
    return [HeadMatch((0, head), (0, head), 0.0, "number") for head in range(heads)]


def weights(units: int, resamples: int = 500, seed: int = 0) -> Floats:
    return bootstrap.weights(range(1000 * seed, 1000 * seed + units), resamples, seed)


def compared(measures: Sequence[Measure], drawn: Floats | None = None) -> list[HeadDifference]:
    """All differences of measures of one set of heads."""
    units, heads = measures[0].before.mass.shape
    drawn = weights(units) if drawn is None else drawn
    differences = Differences(len(drawn))
    for each in measures:
        differences.add(each, drawn, matched(heads))
    return list(differences.records())


def with_heads(measurement: Measurement, source: Mapping[int, int]) -> Measurement:
    """A measurement whose heads, by their places, have the sums of others: those of `source`."""
    streams = {
        name: replace(
            sums,
            columns={
                column: _with_heads(of, [source.get(at, at) for at in range(len(sums.heads))])
                for column, of in sums.columns.items()
            },
        )
        for name, sums in measurement.streams.items()
    }
    return replace(measurement, streams=streams)


def _with_heads(sums: FixedSums, order: list[int]) -> FixedSums:
    numerator, denominator = (
        each if each.shape[1] == 1 else each[:, order]
        for each in (sums.numerator, sums.denominator)
    )
    return replace(sums, numerator=numerator, denominator=denominator)
