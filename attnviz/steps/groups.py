"""Comparing groups: each held against all others together, with bounds that hold for all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import reduce
from operator import add

from attnviz.comparison.differences import Differences
from attnviz.comparison.measures import SharedUnits
from attnviz.comparison.records import HeadDifference, HeadMatch
from attnviz.evidence import bootstrap
from attnviz.measurement.measurement import Measurement
from attnviz.settings import Settings, checked
from attnviz.shape import Attention
from attnviz.steps.compare import measures


def group_differences(
    groups: Mapping[str, Measurement], settings: Settings
) -> Iterator[tuple[str, HeadDifference]]:
    """By how much each number of every head differs between a group and all others together.

    Of two groups the first is held against the second. The names of groups come with their
    differences: `before` are the others, `after` is the group. Bounds hold for all groups at once.
    """
    differences, of_group = Differences(settings.resamples), list[str]()
    names = list(groups) if len(groups) > 2 else list(groups)[:1]
    for name in names:
        others = reduce(add, (each for other, each in groups.items() if other != name))
        measured = groups[name].source
        as_measured = replace(settings, **checked(measured.settings if measured else {}, str))
        for stream in groups[name].streams:
            if stream in others.streams:
                many = _add(stream, (others, groups[name]), as_measured, differences)
                of_group += [name] * many
    yield from zip(of_group, differences.records(), strict=True)


def _add(
    stream: Attention,
    sides: tuple[Measurement, Measurement],
    settings: Settings,
    differences: Differences,
) -> int:
    """Adds what was measured of a stream on both sides; how many differences these are."""
    before, after = (side.streams[stream] for side in sides)
    shared = SharedUnits.of(before.units, after.units)
    weights = bootstrap.weights(shared.ids.tolist(), settings.resamples, settings.seed)
    heads = [HeadMatch(head, head, None, "number", stream) for head in before.heads]
    every = measures(stream, sides, shared, settings)
    for measure in every:
        differences.add(measure, weights, heads)
    return len(every) * len(heads)
