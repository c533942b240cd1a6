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
    from attnviz.corpus.finished import watched
    from attnviz.corpus.measurements import measurement_in
    from attnviz.steps.judge import check_settings, judge

    if given:
        raise UsageError(
            f"--from makes the report of what was measured: {quoted(given[0])} is one too many.",
            "Leave out MODEL and TEXT, or --from.",
        )
    measurement = measurement_in(folder)
    given_flags = [name for name, value in flags.items() if value is not None]
    check_settings(measurement, settings, given_flags, flag)
    report = watched(judge(measurement, settings), folder)
    return replace(report, warnings=(*report.warnings, WITHOUT_TEXT)), measurement
