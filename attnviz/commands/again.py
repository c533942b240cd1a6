"""`attnviz report --from`: the report of a measurement, without the model and the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attnviz.errors import UsageError
from attnviz.settings import Settings, flag
from attnviz.values import quoted

if TYPE_CHECKING:
    from attnviz.measurement.measurement import Measurement
    from attnviz.report.model import Report

WITHOUT_TEXT = (
    "Made from a measurement, without the model and the text: numbers, tables and maps are all "
    "there; sentences, examples and pictures of single heads are left out."
)


def judged(
    folder: Path,
    given: Sequence[str],
    flags: Mapping[str, Any],
    settings: Settings,
) -> tuple[Report, Measurement]:
    """The report of what a scan or a report measured.

    `given` are MODEL and TEXT, which it takes none of; `flags` are those that were given. Raises
    UsageError for these, and for flags that say something else than what was measured.
    """
    from attnviz.corpus.pilots import measurement_in
    from attnviz.steps.judge import judge

    if given:
        raise UsageError(
            f"--from makes the report of what was measured: {quoted(given[0])} is one too many.",
            "Leave out MODEL and TEXT, or --from.",
        )
    measurement = measurement_in(folder)
    measured = measurement.source.settings if measurement.source else {}
    for name in sorted(measured):
        value = flags.get(name)
        if value is not None and getattr(settings, name) != measured[name]:
            raise UsageError(
                f"{flag(name)} is {quoted(value)}, and {folder} was measured with "
                f"{quoted(measured[name])}.",
                "Leave it out, or measure again.",
            )
    report = judge(measurement, settings)
    return replace(report, warnings=(*report.warnings, WITHOUT_TEXT)), measurement
