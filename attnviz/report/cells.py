"""Columns of numbers with intervals, padded so that their decimal points stand in line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.report.numbers import aligned, interval, middle

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from attnviz.measurement.probed import ProbeScore
    from attnviz.report.model import Estimate, HeadReport, RelationRow, RoleScore
    from attnviz.report.tables import Player

Bounds = tuple[float | None, float | None, float | None]


@dataclass(frozen=True, slots=True)
class Cell:
    """A mean and its interval, to be set in two columns: the first flush right."""

    middle: str
    interval: str


def score_cells(players: Iterable[Player]) -> list[Cell]:
    """The column of scores."""
    return _cells([(one.score.score, one.score.low, one.score.high) for one in players])


def probe_cells(scores: Iterable[ProbeScore | RoleScore | RelationRow | None]) -> list[Cell]:
    """A column of scores outside the table of roles; a dash where there is none."""
    return _cells([(one.score, one.low, one.high) if one else (None,) * 3 for one in scores])


def statistic_cells(heads: Iterable[HeadReport], name: str) -> list[Cell]:
    """The column of one statistic; a dash where a head has none."""
    return estimate_cells(head.statistics.get(name) for head in heads)


def estimate_cells(estimates: Iterable[Estimate | None]) -> list[Cell]:
    """A column of means; a dash where there is none."""
    return _cells([(one.mean, one.low, one.high) if one else (None,) * 3 for one in estimates])


def _cells(values: Sequence[Bounds]) -> list[Cell]:
    middles = aligned([middle(*value) for value in values])
    return [Cell(padded, interval(*value)) for padded, value in zip(middles, values, strict=True)]
