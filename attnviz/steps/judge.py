"""Judging: from sums to scores, intervals, verdicts and findings, without the model or the text."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from attnviz.dates import creation_date
from attnviz.errors import NothingToAnalyseError, UsageError
from attnviz.evidence import bootstrap, looks
from attnviz.evidence.columns import coverage, role_columns, statistic_sums
from attnviz.evidence.distances import mean_offsets
from attnviz.evidence.gather import RoleColumns, RoleSums, choose
from attnviz.evidence.judge import judge as judge_roles
from attnviz.evidence.rules import PROBE, PROBE_MARGIN, idle, rules
from attnviz.evidence.similarity import Likeness, likeness
from attnviz.findings import build
from attnviz.findings.best_heads import best
from attnviz.findings.build import BROAD
from attnviz.findings.findings import findings, lead
from attnviz.findings.heads import with_looks, with_offsets, with_overlap
from attnviz.findings.little_evidence import little_evidence, not_judged
from attnviz.findings.overlap import overlap
from attnviz.findings.removal import spare
from attnviz.measurement.measurement import Measurement
from attnviz.measurement.source import ModelInfo, Source
from attnviz.measurement.stream import StreamSums
from attnviz.measurement.sums import Column
from attnviz.measurement.units import Units
from attnviz.registry import discover
from attnviz.report.given import LayerInfo, Options
from attnviz.report.model import STREAMS, Report
from attnviz.roles.role import Role, reported, with_members
from attnviz.settings import Settings, checked
from attnviz.statistics.statistic import Statistic
from attnviz.values import quoted


def judge(measurement: Measurement, settings: Settings) -> Report:
    """The report of a measurement, with neither sentences nor examples nor figures.

    Settings that shape sums are those that it was measured with. Raises NothingToAnalyseError
    where nothing was measured, UsageError for margins of roles that there are none of.
    """
    if measurement.source is None:
        raise NothingToAnalyseError("The measurement is empty.", "Measure a text first.")
    settings = replace(settings, **checked(measurement.source.settings, str))
    whole = _whole(measurement, measurement.source, settings)
    # A measurement that was saved has its streams by name.
    streams = sorted(measurement.streams, key=["", *STREAMS].index)
    judges = [
        _Judge(stream, measurement.streams[stream], measurement, settings) for stream in streams
    ]
    idle_margins = idle(rules(settings.evidence), [role for one in judges for role in one.roles])
    units = judges[0].units
    whole = replace(
        whole,
        warnings=(
            *whole.warnings,
            *little_evidence(units, measurement.input, rules(settings.evidence)),
            *not_judged([role for one in judges for role in one.not_judged]),
            *idle_margins,
        ),
    )
    parts = tuple(one.report(whole) for one in judges)
    if "" in measurement.streams:
        return parts[0]
    layers = max(part.model.layers for part in parts)
    model = replace(whole.model, layers=layers, heads=max(part.model.heads for part in parts))
    return replace(whole, model=model, findings=lead(parts), parts=parts)


def role_sums(measurement: Measurement, settings: Settings, stream: str) -> list[RoleSums]:
    """The sums of every role that is judged on a stream, by unit, with its candidates chosen."""
    judging = _Judge(stream, measurement.streams[stream], measurement, settings)
    return judging.role_sums()


def check_settings(
    measurement: Measurement,
    settings: Settings,
    given: Iterable[str],
    spell: Callable[[str], str],
) -> None:
    """Raises UsageError for a setting that shaped the sums and is `given` another value now."""
    measured = measurement.source.settings if measurement.source else {}
    for name in sorted(measured.keys() & set(given)):
        if (value := getattr(settings, name)) != measured[name]:
            raise UsageError(
                f"{spell(name)} is {quoted(value)}, and what is judged was measured with "
                f"{quoted(measured[name])}.",
                "Leave it out, or measure again.",
            )


def _whole(measurement: Measurement, source: Source, settings: Settings) -> Report:
    """What all parts of a report share."""
    evidence, probed = rules(settings.evidence), measurement.induction
    margin = evidence.margin(PROBE, PROBE_MARGIN)
    return Report(
        version=source.version,
        model=source.model,
        input=measurement.input,
        options=Options.of(settings, evidence, creation_date(os.environ)),
        roles=(),
        statistics=(),
        heads=(),
        sentences=(),
        similarity=None,
        findings=(),
        warnings=measurement.warnings,
        induction=probed and probed.judged(margin),
        no_induction=measurement.no_induction,
    )


class _Judge:
    """One stream of a measurement, on its way to its part of the report."""

    def __init__(
        self, stream: str, sums: StreamSums, measurement: Measurement, settings: Settings
    ) -> None:
        self._stream, self._sums = stream, sums
        self._measurement, self._settings = measurement, settings
        self._rules = rules(settings.evidence)
        self._columns: dict[str, list[Column]] = defaultdict(list)
        for name in sums.columns:
            column = Column.named(name)
            self._columns[column.subject].append(column)
        asked = [role for role in discover("attnviz.roles", "ROLE", Role) if stream in role.streams]
        asked = self._rules.applied(asked)
        self._measured = self._rules.applied(with_members(asked, self._columns))
        self._coverage = {
            role.name: covered
            for role in self._measured
            if (covered := coverage(role, sums)) is not None
        }
        arcs = {name: covered.arcs for name, covered in self._coverage.items()}
        roles = reported(asked, self._measured, arcs)
        self.roles = [role for role in roles if self._held(role)]
        self.not_judged = [role for role in roles if not self._held(role)]

    @property
    def units(self) -> Units:
        """What is resampled."""
        return self._sums.units

    def _held(self, role: Role) -> bool:
        """Whether a role between words is held against all its baselines, the fitted ones too.

        One that the pilot did not meet has none of these, and so there is no verdict.
        """
        measured = {column.measure for column in self._columns.get(role.name, ())}
        return role.arcs is None or not measured or {*role.baselines} <= measured

    def report(self, whole: Report) -> Report:
        """The part of the report about this stream; `whole` has what all parts share."""
        settings, sums = self._settings, self._sums
        units = self.units
        weights = bootstrap.weights(units.ids.tolist(), settings.resamples, settings.seed)
        of_roles = self.role_sums()
        judgements = judge_roles(of_roles, units.half, weights, self._rules)
        heads = build.heads(sums.heads, judgements, statistic_sums(sums), weights, self._stream)
        heads = with_offsets(heads, mean_offsets(sums))
        related = overlap(self.roles, judgements, sums)
        heads = with_overlap(heads, related, judgements)
        heads = with_looks(heads, looks.total_looks(sums))
        infos = build.roles(self.roles, judgements, heads, self._coverage, looks.mentions(sums))
        same = {name: leads for leads, name in sorted(related.same, reverse=True)}
        infos = tuple(replace(info, same_as=same.get(info.name, "")) for info in infos)
        alike = self._likeness()
        similarity = build.similarity(alike, heads)
        between = [role for role in of_roles if role.role.arcs is not None]
        relations = build.relations(best(between, units.half), judgements, heads, self._coverage)
        return replace(
            whole,
            model=self._model(whole.model),
            roles=infos,
            statistics=build.statistics(
                discover("attnviz.statistics", "STATISTIC", Statistic), heads
            ),
            heads=heads,
            similarity=similarity,
            findings=findings(heads, infos, similarity, whole.induction, self._rules),
            warnings=() if self._stream else whole.warnings,
            attention=self._stream,
            layers=tuple(
                LayerInfo(layer.number, layer.heads, layer.key_heads, sums.window(layer))
                for layer in sums.layers
            ),
            relations=relations,
            special_mass=looks.special_mass(sums) if relations else None,
            spare=spare(heads, alike, similarity, whole.induction, self._broad_margin),
        )

    @property
    def _broad_margin(self) -> float:
        return next((role.margin for role in self.roles if role.name == BROAD), 0.0)

    def role_sums(self) -> list[RoleSums]:
        """The sums of every role that is reported, by unit, with its candidates chosen."""
        return choose(self._role_columns(), self.units.half)

    def _likeness(self) -> Likeness | None:
        """How alike the heads are on the pilot, None where nothing was compared."""
        pilot = self._measurement.pilot
        compared = pilot.compared.get(self._stream) if pilot else None
        if compared is None:
            return None
        return likeness(compared, self._settings.resamples, self._settings.seed)

    def _role_columns(self) -> list[RoleColumns]:
        """The sums of every role that is reported, by unit: those on tokens come first."""
        on_tokens = [role for role in self.roles if role.arcs is None]
        between = [role for role in self.roles if role.arcs is not None]
        apart = not (self.units.grouped or self._measurement.input.documents)
        return [
            role_columns(role, self._sums, self._columns[role.name], 1.0 if apart else np.inf)
            for role in (*on_tokens, *between)
            if role.name in self._columns
        ]

    def _model(self, whole: ModelInfo) -> ModelInfo:
        """The model as far as this stream goes."""
        layers = self._sums.layers
        seen = max(layer.number for layer in layers) + 1
        return replace(
            whole,
            layers=seen if self._stream else max(seen, whole.layers),
            heads=max(layer.heads for layer in layers),
            key_value_heads=max(layer.key_heads for layer in layers),
            causal=self._stream != "cross" and self._sums.causal,
        )
