"""Numbers over several models: roles' best scores, means over heads, how alike heads are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np

from attnviz.comparison.several import Course, CoursePoint
from attnviz.evidence import bootstrap
from attnviz.evidence.bootstrap import Array
from attnviz.evidence.columns import statistic_sums
from attnviz.evidence.gather import Sums
from attnviz.measurement.measurement import Measurement
from attnviz.measurement.pilot import Compared
from attnviz.report.model import HeadReport, Report

DIVERGENCE = "divergence"
"""The name of the course of how unlike heads are."""


def courses(
    measurements: Sequence[Measurement], reports: Sequence[Report], resamples: int, seed: int
) -> tuple[Course, ...]:
    """The courses of every stream that all models have: roles that some head has, then means."""
    streams = [set(measurement.streams) for measurement in measurements]
    every = []
    for stream in sorted(set.intersection(*streams)):
        parts = [report.part(stream) for report in reports]
        every += [*_roles(parts, stream)]
        every += [*_statistics(measurements, parts, stream, resamples, seed)]
        every += [*_likeness(measurements, stream, resamples, seed)]
    return tuple(every)


def _roles(parts: Sequence[Report], stream: str) -> Iterator[Course]:
    """The roles that some head of some model has beyond doubt, each fact once."""
    infos = {role.name: role for part in parts for role in part.roles if not role.same_as}
    for name, info in infos.items():
        points = tuple(_best(part, name) for part in parts)
        supported = [bool(point.supported) for point in points]
        if any(_is_told(part, name) for part in parts):
            first = supported.index(True)
            change = _difference([point.value for point in points])
            yield Course("role", name, info.title, "", points, change, first, stream)


def _is_told(part: Report, role: str) -> bool:
    """Whether some head has a role beyond doubt that is not one fact there with another."""
    return any(
        role in head.roles and head.roles[role].verdict == "supported" and role not in head.beside
        for head in part.heads
    )


def _best(part: Report, role: str) -> CoursePoint:
    """The head that has most of a role: of those that have it, if any has."""
    heads = [head for head in part.heads if role in head.roles]
    if not heads:
        return CoursePoint(None, None, None)
    best: HeadReport = max(heads, key=lambda head: head.roles[role].rank)
    score = best.roles[role]
    judged = any(head.roles[role].verdict for head in heads)
    return CoursePoint(
        score.score,
        score.low,
        score.high,
        (best.layer, best.head),
        score.verdict == "supported" if judged else None,
    )


def _statistics(
    measurements: Sequence[Measurement],
    parts: Sequence[Report],
    stream: str,
    resamples: int,
    seed: int,
) -> Iterator[Course]:
    """The mean over all heads of each statistic that all models have."""
    sums = [statistic_sums(measurement.streams[stream]) for measurement in measurements]
    units = [measurement.streams[stream].units.ids.tolist() for measurement in measurements]
    weights = [bootstrap.weights(ids, resamples, seed) for ids in units]
    for info in parts[0].statistics:
        if all(info.name in of_model for of_model in sums):
            means = [_over_heads(of_model[info.name]) for of_model in sums]
            points, change = _means(means, weights)
            yield Course(
                "statistic", info.name, info.title, info.unit, points, change, None, stream
            )


def _over_heads(sums: Sums) -> Sums:
    """The sums of all heads together, [unit, 1]."""
    return Sums(sums.mass.sum(1, keepdims=True), sums.events.sum(1, keepdims=True))


def _likeness(
    measurements: Sequence[Measurement], stream: str, resamples: int, seed: int
) -> Iterator[Course]:
    """How unlike the heads of a layer are: the mean Jensen-Shannon divergence of two of them."""
    compared = [
        measurement.pilot.compared.get(stream) if measurement.pilot else None
        for measurement in measurements
    ]
    there = [each for each in compared if each is not None]
    heads = [measurement.streams[stream].heads for measurement in measurements]
    pairs = [_pairs(each) for each in heads]
    if len(there) < len(compared) or not all(map(len, pairs)):
        return
    means, weights = [], []
    for each, together in zip(there, pairs, strict=True):
        mean, ids = _apart(each, together)
        means.append(mean)
        weights.append(bootstrap.weights(ids, resamples, seed))
    points, change = _means(means, weights)
    title = "Divergence between the heads of a layer"
    yield Course("likeness", DIVERGENCE, title, "nats", points, change, None, stream)


def _pairs(heads: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Every two heads of one layer, by their places in the order of all heads."""
    pairs = []
    for _, members in groupby(range(len(heads)), key=lambda at: heads[at][0]):
        layer = list(members)
        pairs += [(one, other) for one in layer for other in layer if one < other]
    return pairs


def _apart(compared: Compared, pairs: Sequence[tuple[int, int]]) -> tuple[Sums, list[int]]:
    """The mean divergence of these pairs, by unit [unit, 1], and the units."""
    one, other = np.array(pairs).T
    mass = compared.divergence[:, one, other].mean(1)
    ids, rows = np.unique(compared.units, return_inverse=True)
    summed = np.zeros((2, len(ids)))
    np.add.at(summed[0], rows, mass)
    np.add.at(summed[1], rows, compared.rows)
    return Sums(summed[0][:, None], summed[1][:, None]), ids.tolist()


def _means(
    means: Sequence[Sums], weights: Sequence[Array]
) -> tuple[tuple[CoursePoint, ...], CoursePoint]:
    """Each mean with its interval, and by how much the last differs from the first."""
    points = []
    for sums, drawn in zip(means, weights, strict=True):
        low, high = sums.interval(drawn)
        points.append(CoursePoint(_known(_whole(sums)), _known(low[0]), _known(high[0])))
    change = _difference([point.value for point in points])
    if change.value is None or points[0].low is None or points[-1].low is None:
        return tuple(points), change
    apart = means[-1].pooled(weights[-1]) - means[0].pooled(weights[0])  # [resample, 1]
    low, high = bootstrap.interval(apart)
    return tuple(points), CoursePoint(change.value, _known(low[0]), _known(high[0]))


def _whole(sums: Sums) -> float:
    return float(bootstrap.ratio(sums.mass.sum(0), sums.events.sum(0))[0])


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _difference(values: Sequence[float | None]) -> CoursePoint:
    first, last = values[0], values[-1]
    return CoursePoint(None if first is None or last is None else last - first, None, None)
