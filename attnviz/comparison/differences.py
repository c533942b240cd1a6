"""By how much heads differ, with intervals, and with bounds that hold for all of them at once.

Units are resampled by their own hash, so that what both sides saw is resampled alike (paired) and
everything else apart. A difference is a difference of two ratios of sums; its interval is adjusted
for bias and skewness as that of a score (`attnviz.evidence.bootstrap`), and its simultaneous bounds
are max-T bands of both signs (`attnviz.evidence.bands`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from attnviz.comparison.measures import SAME, Measure
from attnviz.comparison.records import HeadDifference, HeadMatch
from attnviz.evidence import bands, bootstrap
from attnviz.evidence.bootstrap import Array
from attnviz.evidence.gather import Sums, stored, summed

LEAST = 2.0
"""Bounds are at least so many errors away, as those of a single number would be: where all units
differ alike, no resample says how much another unit might."""

FEW = "fewer than five sentences or documents have such a token, before or after"


@dataclass(frozen=True)
class _Estimate:
    """A measure's differences, every array [head]; NaN where nothing can be said."""

    measure: Measure
    matches: Sequence[HeadMatch]
    before: Array
    after: Array
    low: Array
    high: Array
    few: NDArray[np.bool_]

    @property
    def difference(self) -> Array:
        """After - before."""
        difference: Array = self.after - self.before
        return difference


class Differences:
    """Collects the measures of all streams, of which the bounds hold together."""

    def __init__(self, resamples: int) -> None:
        self._bands = bands.Bands(resamples, LEAST)
        self._estimates: list[_Estimate] = []

    def add(self, measure: Measure, weights: Array, matches: Sequence[HeadMatch]) -> None:
        """Adds a measure of heads and their counterparts, [unit, head] in the order of `matches`.

        `weights` [resample, unit] are the bootstrap's.
        """
        there = measure.there
        before, after = (
            side if there.all() else side.changed(lambda rows: rows[there])
            for side in (measure.before, measure.after)
        )
        weights = weights if there.all() else weights[:, there]
        estimate = _estimate(measure, matches, before, after, weights, self._bands)
        self._estimates.append(estimate)

    def records(self) -> tuple[HeadDifference, ...]:
        """Every difference, heads in the order they came in, with what is sure of all at once."""
        return tuple(record for records in self.by_measure() for record in records)

    def by_measure(self) -> Iterator[list[HeadDifference]]:
        """The same, those of each measure that was added together."""
        for estimate, reach in zip(self._estimates, self._bands.reach(), strict=True):
            yield _records(estimate, reach)


def _estimate(
    measure: Measure,
    matches: Sequence[HeadMatch],
    before: Sums,
    after: Sums,
    weights: Array,
    bounds: bands.Bands,
) -> _Estimate:
    scores = [_score(side) for side in (before, after)]
    residuals = bands.residuals(after) - bands.residuals(before)
    units = np.minimum(*((side.events > 0).sum(0) for side in (before, after)))
    few = (units < bootstrap.FEWEST) | np.isnan(scores).any(0)
    difference = scores[1] - scores[0]
    moves = [
        side.pooled(weights) - score for side, score in zip((before, after), scores, strict=True)
    ]
    moved = moves[1] - moves[0]
    moved[:, ~residuals.any(0)] = 0.0  # the same in all units: nothing moves it but rounding
    one_more = np.maximum(*(bands.one_more(side.events) for side in (before, after)))
    size = 1 / np.clip(one_more, 1e-9, 0.5)  # Kish's, of the side that has fewer
    low, high = bootstrap.adjusted(moved, np.zeros(len(few)), residuals, size)
    low, high = low + difference, high + difference
    low[few] = high[few] = np.nan
    spread, floor = np.sqrt((residuals**2).sum(0)), _floor(residuals, difference, size)
    usable = (spread > bands.ROUNDING) & ~few
    deviations = np.abs(moved[:, usable])
    deviations[np.isnan(deviations)] = 0.0
    if usable.any():
        variance = _variance(before, after, moves, usable, weights)
        deviations /= np.sqrt(variance + floor[usable] ** 2)
    bounds.add(deviations, usable, np.hypot(spread, floor), units)
    return _Estimate(measure, matches, scores[0], scores[1], low, high, few)


def _score(sums: Sums) -> Array:
    """The ratio of sums, [head]: added up row by row, so that heads in any order are the same."""
    return bootstrap.ratio(sums.mass.sum(0), sums.events.sum(0))


def _floor(residuals: Array, difference: Array, size: Array) -> Array:
    """The error that even a resample without any variation has, [head].

    What one more unit would add: one as unlike as the most unlike, of the head itself or in the
    widest tenth of heads, or one that does not differ. Where few units differ, a resample that
    lacks them would else be sure of itself beyond measure, and where all differ alike, the bounds.
    """
    most = np.abs(residuals).max(0, initial=0.0)
    much = np.abs(np.nan_to_num(difference))
    usual = np.quantile(most, 0.9) * ((most > 0) | (much > 0))
    floor: Array = np.maximum(np.maximum(most, usual), much / size)
    return floor


def _variance(
    before: Sums, after: Sums, moves: Sequence[Array], usable: NDArray[np.bool_], weights: Array
) -> Array:
    """The variance that each resample would report of its own difference, [resample, head]."""
    mine, others = (
        _Linear.of(side, moved, usable) for side, moved in zip((before, after), moves, strict=True)
    )
    if np.array_equal(mine.share, others.share):
        # One ratio of one set of events: as usual where one tokenizer reads one text.
        residuals, moved = others.residuals - mine.residuals, others.moved - mine.moved
        return bands.variance(residuals, mine.share, moved, weights)
    variance = mine.variance(weights) + others.variance(weights)
    variance -= 2 * _covariance(mine, others, weights)
    return np.maximum(variance, 0.0)


@dataclass(frozen=True)
class _Linear:
    """A ratio of sums to first order: as `bands.variance` takes it, of the usable heads."""

    residuals: Array
    share: Array
    moved: Array

    @classmethod
    def of(cls, sums: Sums, moved: Array, usable: NDArray[np.bool_]) -> _Linear:
        """Of one side; `moved` [resample, head] is how far each resample lies from the score."""
        events = stored(sums.events)
        events = events if events.shape[1] == 1 else events[:, usable]
        share = events / events.sum(0)
        return cls(bands.residuals(sums)[:, usable], share, np.nan_to_num(moved[:, usable]))

    def variance(self, weights: Array) -> Array:
        """Of the ratio, in each resample [resample, head]."""
        return bands.variance(self.residuals, self.share, self.moved, weights)


def _covariance(mine: _Linear, others: _Linear, weights: Array) -> Array:
    """As `bands.variance`, of two ratios over the same units."""
    # sum w (r - moved x share)(s - moved' x share'), multiplied out
    products = mine.moved * others.moved * summed(weights, mine.share * others.share)
    products -= mine.moved * summed(weights, others.residuals * mine.share)
    products -= others.moved * summed(weights, mine.residuals * others.share)
    products += summed(weights, mine.residuals * others.residuals)
    for of in (mine, others):
        whole = summed(weights, of.share)
        products /= np.where(whole > 0, whole, 1.0)
    return products


def _records(estimate: _Estimate, reach: Array) -> list[HeadDifference]:
    measure, difference = estimate.measure, estimate.difference
    sure = [np.where(estimate.few, np.nan, difference + sign * reach) for sign in (-1, 1)]
    events = [side.events.sum(0).round() for side in (measure.before, measure.after)]
    rounding = SAME * np.maximum(np.fmax(np.abs(estimate.before), np.abs(estimate.after)), 1.0)
    least = np.maximum(sure[0], -sure[1])
    return [
        HeadDifference(
            head=match.before,
            head_after=match.after,
            role=measure.role,
            measure=measure.name,
            unit=measure.unit,
            before=_known(estimate.before[at]),
            after=_known(estimate.after[at]),
            difference=_known(difference[at]),
            low=_known(estimate.low[at]),
            high=_known(estimate.high[at]),
            sure_low=_known(sure[0][at]),
            sure_high=_known(sure[1][at]),
            certain=None if estimate.few[at] else bool(least[at] > rounding[at]),
            reason=FEW if estimate.few[at] else "",
            events=int(min(side[at] for side in events)),
            sentences=int(min(side[at] for side in measure.sentences)),
            same_as=measure.same_as,
            attention=match.attention,
        )
        for at, match in enumerate(estimate.matches)
    ]


def _known(value: float) -> float | None:
    return float(value) if isfinite(value) else None
