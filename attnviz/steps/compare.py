"""Comparing: two measurements held against each other, head by head and role by role."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from attnviz.comparison.changes import induction_change, role_changes
from attnviz.comparison.differences import Differences
from attnviz.comparison.findings import findings
from attnviz.comparison.matching import (
    Pairs,
    best,
    bound,
    by_number,
    distances,
    matches,
    permuted,
)
from attnviz.comparison.measures import Measure, SharedUnits, moved, told_once
from attnviz.comparison.records import (
    SCORE,
    Comparison,
    HeadDifference,
    HeadMatch,
    RoleChange,
    Side,
)
from attnviz.errors import NothingToAnalyseError, UsageError
from attnviz.evidence import bootstrap
from attnviz.evidence.columns import statistic_sums
from attnviz.evidence.gather import Sums
from attnviz.evidence.rules import PROBE
from attnviz.measurement.measurement import Measurement
from attnviz.measurement.stream import Head
from attnviz.measurement.units import Units
from attnviz.registry import discover
from attnviz.report.model import Report
from attnviz.settings import Settings, checked, flag
from attnviz.shape import Attention
from attnviz.statistics.statistic import Statistic
from attnviz.steps.judge import judge, role_sums

Matching = Literal["auto", "number", "best"]
"""How heads are matched: by number, by best match, or by number unless shapes differ or heads were
permuted inside a layer, which is looked for where both sides are of the same sentences."""


def compare(
    before: Measurement,
    after: Measurement,
    settings: Settings,
    *,
    paired: bool = False,
    matching: Matching = "auto",
    labels: tuple[str, str] = ("", ""),
    reports: tuple[Report, Report] | None = None,
) -> Comparison:
    """What differs between two measurements: scores of roles, means of statistics, roles.

    Sentences that both have are resampled alike, and all others apart; so where all are the same,
    the comparison is paired. Where that is demanded (`paired`) and they are not, UsageError.
    `labels` name the sides, else models do; `reports` are what `judge` made of both, if that is
    known. UsageError, too, for measurements that were made with other settings, and for those that
    have no stream in common; models and pilots may differ. NothingToAnalyseError for empty ones.
    """
    sides = _side(before, labels[0]), _side(after, labels[1])
    warnings = _check(before, after)
    settings = as_measured(before, settings)
    streams = [name for name in before.streams if name in after.streams]
    if not streams:
        raise UsageError(
            "These measurements have no attention in common: one is of a model with an encoder and "
            "a decoder, the other is not.",
            "Compare models of one kind.",
        )
    rows = [(before.streams[name].units, after.streams[name].units) for name in streams]
    units = [SharedUnits.of(*each) for each in rows]
    if paired:
        _check_paired(*rows[0], units[0])
    judged = reports or (judge(before, settings), judge(after, settings))
    parts = [
        _Stream(name, shared, (before, after), settings, matching, judged)
        for name, shared in zip(streams, units, strict=True)
    ]
    differences = Differences(settings.resamples)
    for part in parts:
        part.add_to(differences)
    by_measure = differences.by_measure()
    matched = tuple(match for part in parts for match in part.matches)
    records: list[HeadDifference] = []
    changes: list[RoleChange] = []
    for part in parts:
        own, best_heads = part.taken(by_measure)
        records += own
        changes += role_changes(*part.reports, part.matches, own, part.name, best_heads)
    if (induction := induction_change(*judged, parts[0].matches)) is not None:
        changes.append(induction)
    compared = Comparison(
        before=sides[0],
        after=sides[1],
        paired=all(each.paired for each in units),
        units=(len(rows[0][0]), len(rows[0][1])),
        shared=units[0].shared,
        grouped=units[0].grouped,
        streams=tuple(streams),
        matches=matched,
        unmatched=tuple((part.name, head) for part in parts for head in part.unmatched[0]),
        unmatched_after=tuple((part.name, head) for part in parts for head in part.unmatched[1]),
        bounds={part.name: part.bound for part in parts if part.bound is not None},
        differences=tuple(records),
        changes=tuple(changes),
        findings=(),
        warnings=tuple(warnings),
    )
    return replace(compared, findings=findings(compared, _titles(judged)))


@dataclass
class _Stream:
    """One stream of both measurements, with its measures of matched heads."""

    name: Attention
    shared: SharedUnits
    measurements: tuple[Measurement, Measurement]
    settings: Settings
    matching: Matching
    judged: tuple[Report, Report]

    def __post_init__(self) -> None:
        before, after = (each.streams[self.name] for each in self.measurements)
        every = measures(self.name, self.measurements, self.shared, self.settings)
        facts = [measure for measure in every if not measure.same_as]
        paired = self.shared.paired
        heads = before.heads, after.heads
        pairs, self.bound = _pairs(*heads, facts, self.matching, paired=paired)
        told = matches(heads, pairs, facts, self.name, paired=paired)
        alike = [at for at, match in enumerate(told) if self._are_counterparts(match)]
        self.matches = [told[at] for at in alike]
        mine, others = ([pairs[at][side] for at in alike] for side in (0, 1))
        self._matched = [measure.matched(mine, others) for measure in every] if alike else []
        self.unmatched = tuple(
            [head for at, head in enumerate(of) if at not in {*matched}]
            for of, matched in zip(heads, (mine, others), strict=True)
        )
        self.reports = self.judged[0].part(self.name), self.judged[1].part(self.name)
        self._best = {measure.role: self._best_heads(measure) for measure in every if measure.role}
        if not any(self.unmatched):
            self._best = {}

    def _are_counterparts(self, match: HeadMatch) -> bool:
        return self.bound is None or match.distance is None or match.distance <= self.bound

    def _best_heads(self, measure: Measure) -> tuple[Measure, HeadMatch]:
        """The best head of a role before and after, as if they were matched.

        Of those that have it the first, where none has the one with the highest score.
        """
        chosen: list[tuple[int, Head]] = []
        for at, side in enumerate((measure.before, measure.after)):
            heads = self.measurements[at].streams[self.name].heads
            infos = {info.name: info for info in self.reports[at].roles}
            have = infos[measure.role].heads if measure.role in infos else ()
            scores = bootstrap.ratio(side.mass.sum(0), side.events.sum(0))
            most = int(np.nan_to_num(scores, nan=-1.0).argmax())
            place = heads.index(have[0]) if have else most
            chosen.append((place, heads[place]))
        (mine, before), (other, after) = chosen
        match = HeadMatch(before, after, None, "best", self.name)
        return measure.matched([mine], [other]), match

    def add_to(self, differences: Differences) -> None:
        """Adds every measure, resampled by the hash of its units; then those of best heads."""
        weights = bootstrap.weights(
            self.shared.ids.tolist(), self.settings.resamples, self.settings.seed
        )
        for measure in self._matched:
            differences.add(measure, weights, self.matches)
        for measure, match in self._best.values():
            differences.add(measure, weights, [match])

    def taken(
        self, by_measure: Iterator[list[HeadDifference]]
    ) -> tuple[list[HeadDifference], dict[str, HeadDifference]]:
        """What was made of them, in the order in which they were added; best heads by role."""
        records = [record for _ in self._matched for record in next(by_measure)]
        return records, {role: next(by_measure)[0] for role in self._best}


def measures(
    stream: Attention,
    measurements: tuple[Measurement, Measurement],
    shared: SharedUnits,
    settings: Settings,
) -> list[Measure]:
    """The roles that both sides measured of a stream, then the statistics, in units of both.

    Those that are one fact are marked.
    """
    return told_once(list(_measures(stream, measurements, shared, settings)))


def _measures(
    stream: Attention,
    measurements: tuple[Measurement, Measurement],
    shared: SharedUnits,
    settings: Settings,
) -> Iterator[Measure]:
    before, after = (each.streams[stream] for each in measurements)
    sides = [
        {sums.role.name: sums for sums in role_sums(measurement, settings, stream)}
        for measurement in measurements
    ]
    for name in (name for name in sides[0] if name in sides[1]):
        mine, other = sides[0][name], sides[1][name]
        sentences = mine.sentences.sum(0), other.sentences.sum(0)
        if sentences[0].any() and sentences[1].any():
            scores = _in_both(mine.score, other.score, shared)
            yield Measure(name, SCORE, "", *scores, sentences)
    statistics = [statistic_sums(sums) for sums in (before, after)]
    for statistic in discover("attnviz.statistics", "STATISTIC", Statistic):
        name = statistic.name
        if name in statistics[0] and name in statistics[1]:
            pair = statistics[0][name], statistics[1][name]
            if all(_of_text(sums) for sums in pair):
                continue
            counts = _sentences(pair[0], before.units), _sentences(pair[1], after.units)
            yield Measure("", name, statistic.unit, *_in_both(*pair, shared), counts)


def _in_both(before: Sums, after: Sums, shared: SharedUnits) -> tuple[Sums, Sums]:
    return moved(before, shared.before), moved(after, shared.after)


def _pairs(
    before: Sequence[Head],
    after: Sequence[Head],
    measures: Sequence[Measure],
    matching: Matching,
    *,
    paired: bool,
) -> tuple[Pairs, float | None]:
    """Which heads are compared, by their places among all of each side.

    And how unlike they may be to be counterparts, where they are matched by likeness alone.
    """
    alike = before == after
    if matching == "number" or (matching == "auto" and alike and not paired):
        return by_number(before, after), None
    apart = distances(measures, paired=paired)
    if matching == "auto" and alike:
        return permuted(before, apart), None
    return best(before, after, apart), bound(measures, paired=paired)


def _of_text(sums: Sums) -> bool:
    """Whether a statistic is the same for all heads, and so says nothing of them."""
    several = sums.mass.shape[1] > 1
    return several and bool((sums.mass == sums.mass[:, :1]).all())


def _sentences(sums: Sums, units: Units) -> bootstrap.Array:
    """How many sentences have an event, [head]."""
    counted: bootstrap.Array = units.sentences @ sums.present
    return counted


def _side(measurement: Measurement, label: str) -> Side:
    source = measurement.source
    if source is None:
        raise NothingToAnalyseError("A measurement is empty.", "Measure a text first.")
    return Side(label or source.model.name, source.version, source.model, measurement.input)


def _check(before: Measurement, after: Measurement) -> list[str]:
    """What may make differences mean less; UsageError for settings that aren't the same."""
    mine, others = before.source, after.source
    if mine is None or others is None:
        return []
    for name in sorted({*mine.settings, *others.settings}):
        values = mine.settings.get(name), others.settings.get(name)
        if values[0] != values[1]:
            raise UsageError(
                f"These measurements don't compare: {flag(name)} was {values[0]} in one and "
                f"{values[1]} in the other.",
                "Measure both with the same settings.",
            )
    warnings = []
    if mine.version != others.version:
        warnings.append(
            f"Measured with different versions of attnviz, {mine.version} and {others.version}: "
            "some differences may come from there."
        )
    keys = [each.pilot and each.pilot.key for each in (before, after)]
    if keys[0] != keys[1]:
        warnings.append(
            "Baselines were fitted on different pilots: verdicts may differ for that alone, "
            "differences of scores and statistics don't."
        )
    return warnings


def _check_paired(before: Units, after: Units, shared: SharedUnits) -> None:
    """UsageError unless both are of the same sentences."""
    if shared.paired:
        return
    most = max(len(before), len(after))
    what = "groups of sentences" if shared.grouped else "sentences or documents"
    raise UsageError(
        f"These measurements are not of the same text: {most - shared.shared} of {most} {what} "
        "differ.",
        "Measure both on the same files, cut the same way.",
    )


def as_measured(measurement: Measurement, settings: Settings) -> Settings:
    """The settings, with those that shaped the sums."""
    measured = measurement.source.settings if measurement.source else {}
    return replace(settings, **checked(measured, str))


def _titles(reports: Sequence[Report]) -> dict[str, str]:
    """Roles and statistics in words."""
    parts = [part for report in reports for part in report.every_part]
    titles = {PROBE: "induction on random tokens"}
    titles |= {info.name: info.title for part in parts for info in part.roles}
    return titles | {info.name: info.title for part in parts for info in part.statistics}
