"""The statistics of heads: which have a column, how all spread, and those of a single head."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING

from attnviz.report.cells import Column, Linked, Piece, Table, Text, column, head, heading
from attnviz.report.numbers import NOTHING, estimate, number

if TYPE_CHECKING:
    from attnviz.report.model import HeadReport, Report

COLUMNS = ("entropy", "distance", "confidence")
"""The statistics that have a column in the tables of heads."""

Measured = list[tuple[float, "HeadReport"]]


def spread(report: Report) -> Table | None:
    """Least, median and greatest of each statistic over the heads; None where none is measured."""
    every = [(info, _measured(report, info.name)) for info in report.statistics]
    known = [(info, measured) for info, measured in every if measured]
    if not known:
        return None
    return Table(
        (
            Column("Statistic", "name", [Text(heading(i.title), note=i.unit) for i, _ in known]),
            Column("Least", "linked", [_end(measured, 0) for _, measured in known]),
            Column("Median", "number", column(median(_means(measured)) for _, measured in known)),
            Column("Greatest", "linked", [_end(measured, -1) for _, measured in known]),
        )
    )


def others(report: Report, of_head: HeadReport) -> str:
    """The statistics of a head that have no column, with their intervals; "" for none."""
    return "; ".join(
        f"{info.title} {estimate(known.mean, known.low, known.high)}"
        for info in report.statistics
        if info.name not in COLUMNS
        if (known := of_head.statistics.get(info.name)) and number(known.mean) != NOTHING
    )


def _measured(report: Report, name: str) -> Measured:
    """The mean of a statistic in each head that has one, the least first."""
    means = [
        (known.mean, each)
        for each in report.heads
        if (known := each.statistics.get(name))
        if known.mean is not None and math.isfinite(known.mean)
    ]
    return sorted(means, key=lambda pair: pair[0])


def _means(measured: Measured) -> list[float]:
    return [mean for mean, _ in measured]


def _end(measured: Measured, at: int) -> Linked:
    """The least or the greatest mean and its head, which is not named where all are the same."""
    mean, of_head = measured[at]
    text = number(mean)
    if number(measured[0][0]) == number(measured[-1][0]):
        return Linked(text, (Piece(text, ""),))
    names = head(of_head)
    return Linked(
        f"{text} in {names.name}", (Piece(f"{text} in ", ""), Piece(names.name, names.anchor))
    )
