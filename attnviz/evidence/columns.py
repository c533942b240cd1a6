"""The sums of roles and statistics as columns of a measurement, and back again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from attnviz.baselines.gold import Coverage
from attnviz.evidence.bootstrap import Array
from attnviz.evidence.gather import Candidate, RoleColumns, Sums
from attnviz.measurement.fixed import BITS, Ints
from attnviz.measurement.stream import StreamSums
from attnviz.measurement.sums import Column, FixedSums
from attnviz.measurement.units import Rows
from attnviz.observers.tables import ScoreTable
from attnviz.roles.role import Role

SCORE, PRESENT, ON_TARGET = "score", "present", "on target"
"""Measures of a role besides its baselines, which have their own names."""

COVERAGE = "coverage"

BITS_OF_TOKENS = 24
"""Binary places of sums that are counted in tokens, which may be large."""


def fixed_columns(
    columns: Sequence[RoleColumns], rows: Rows, units: int
) -> tuple[dict[str, FixedSums], dict[str, Ints]]:
    """Sums by sentence as columns by unit, and the arcs that were covered as totals.

    Each sentence belongs to one of `rows`.
    """
    by_unit = {
        column.name: FixedSums.of(sums.mass, sums.events, rows, units)
        for role in columns
        for column, sums in by_sentence(role)
    }
    totals = {
        f"{COVERAGE}|{role.role.name}": np.array([role.coverage.seen, role.coverage.arcs])
        for role in columns
        if role.coverage
    }
    return by_unit, totals


def by_sentence(columns: RoleColumns) -> Iterator[tuple[Column, Sums]]:
    """Every column of a role with its sums by sentence."""
    name = columns.role.name
    for candidate, sums in columns.candidates.items():
        yield Column(name, candidate, SCORE), sums.score
        once = np.ones((len(sums.present), 1))
        yield Column(name, candidate, PRESENT), Sums(sums.present, once)
        for baseline, of_baseline in sums.baselines.items():
            yield Column(name, candidate, baseline), of_baseline
    for baseline, choices in columns.choices.items():
        for choice, sums_of in choices.items():
            yield Column(name, choice, baseline), sums_of
    if columns.on_target is not None:
        only = columns.candidates[""].score.events
        yield Column(name, "", ON_TARGET), Sums(columns.on_target, only)


def fixed_statistics(table: ScoreTable, rows: Rows, units: int) -> dict[str, FixedSums]:
    """The statistics that any head has, by unit; each sentence of the table belongs to a row."""
    in_tokens = {statistic.name for statistic in table.statistics if statistic.unit == "tokens"}
    return {
        column.name: FixedSums.of(
            values,
            counts,
            rows,
            units,
            BITS_OF_TOKENS if column.measure in in_tokens else BITS,
        )
        for column, values, counts in statistics_by_sentence(table)
    }


def statistics_by_sentence(table: ScoreTable) -> Iterator[tuple[Column, Array, Array]]:
    """The column of each statistic that any head has, with its sums and counts [sentence, head]."""
    values, counts = table.over_heads("values"), table.over_heads("counts")
    for place, statistic in enumerate(table.statistics):
        if counts[..., place].any():
            yield Column("", "", statistic.name), values[..., place], counts[..., place]


def statistic_sums(stream: StreamSums) -> dict[str, Sums]:
    """The sums of each statistic by unit, by its name."""
    columns = map(Column.named, stream.columns)
    return {
        column.measure: _floats(stream.column(column), len(stream.heads))
        for column in columns
        if not column.subject
    }


def role_columns(
    role: Role, stream: StreamSums, named: Sequence[Column], most: float = np.inf
) -> RoleColumns:
    """The sums of a role by unit, from its columns, `named`, in a measurement.

    A unit counts as `most` sentences at most: 1 where units are sentences, for one that comes
    again is no further evidence.
    """
    heads = len(stream.heads)
    candidates = [column.candidate for column in named if column.measure == SCORE]
    measures = {(column.candidate, column.measure) for column in named}

    def sums(candidate: str, measure: str) -> Sums:
        return _floats(stream.column(Column(role.name, candidate, measure)), heads)

    beside = ("chance", *role.baselines)
    choices: dict[str, Mapping[str, Sums]] = {
        baseline: {
            choice: _floats(stream.column(Column(role.name, choice, baseline)), 1)
            for choice in _ordered(of for of, measure in measures if of and measure == baseline)
        }
        for baseline in role.baselines
        if role.arcs is not None
    }
    on_target = sums("", ON_TARGET).mass if ("", ON_TARGET) in measures else None
    return RoleColumns(
        role,
        {
            name: Candidate(
                sums(name, SCORE),
                {of: sums(name, of) for of in beside if (name, of) in measures},
                np.minimum(sums(name, PRESENT).mass, most),
            )
            for name in role.columns or candidates
        },
        {baseline: of for baseline, of in choices.items() if of},
        on_target,
        coverage(role, stream),
    )


def _ordered(choices: Iterable[str]) -> list[str]:
    """Choices by their numbers where they are numbers: of equally good ones the last counts."""
    return sorted(choices, key=lambda name: (0, int(name)) if name[1:].isdigit() else (1, name))


def coverage(role: Role, stream: StreamSums) -> Coverage | None:
    """How many arcs of a role between words could be followed, None of other roles."""
    counts = stream.totals.get(f"{COVERAGE}|{role.name}")
    return None if counts is None else Coverage(*counts.tolist())


def _floats(sums: FixedSums, heads: int) -> Sums:
    return Sums(_wide(sums.mass, heads), _wide(sums.events, heads))


def _wide(values: Array, heads: int) -> Array:
    return np.broadcast_to(values, (len(values), heads))
