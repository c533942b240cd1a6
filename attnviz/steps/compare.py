"""Comparing: two measurements held against each other, head by head and role by role."""

from __future__ import annotations

from typing import Literal

from attnviz.comparison.records import Comparison
from attnviz.measurement.measurement import Measurement
from attnviz.report.model import Report
from attnviz.settings import Settings

Matching = Literal["auto", "number", "best"]
"""How heads are matched: by number, by best match, or by number unless shapes differ or heads were
surely permuted inside a layer."""


def compare(
    before: Measurement,
    after: Measurement,
    settings: Settings,
    *,
    paired: bool | None = None,
    matching: Matching = "auto",
    labels: tuple[str, str] = ("", ""),
    reports: tuple[Report, Report] | None = None,
) -> Comparison:
    """What differs between two measurements: scores of roles, means of statistics, roles.

    Paired by sentence where both are of the same ones; where that is demanded (`paired`) and they
    are not, UsageError. Otherwise sentences that both have are resampled alike, and all others
    apart. `labels` name the sides, else models do; `reports` are what `judge` made of both, if that
    is known. UsageError, too, for other settings than those of the other, and for streams that have
    nothing in common; models and pilots may differ.
    """
    raise NotImplementedError
