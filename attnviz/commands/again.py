"""`attnviz report --from`: the report of a measurement, illustrated where text and model are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attnviz.commands.inputs import read_inputs
from attnviz.errors import AttnvizError, InputError, UsageError
from attnviz.settings import Settings, flag
from attnviz.stages import Progress

if TYPE_CHECKING:
    from attnviz.measurement.measurement import Measurement
    from attnviz.report.model import Report
    from attnviz.steps.again import Again

WITHOUT_TEXT = (
    "Made from a measurement alone: numbers, tables and maps are all there; sentences, examples "
    "and pictures of single heads are left out."
)
NAME_THEM = "Name both, where they are now: attnviz report MODEL TEXT --from DIR."


@dataclass(frozen=True, kw_only=True)
class Source:
    """The `folder` of a measurement, and the MODEL and TEXT that were named beside it, if any.

    `without_text`: neither is looked for.
    """

    folder: Path
    model: str | None = None
    texts: Sequence[str] = ()
    without_text: bool = False

    def __post_init__(self) -> None:
        if self.without_text and self.model:
            raise UsageError(
                "--without-text leaves out what takes MODEL and TEXT, and both are named."
                if self.texts
                else "--without-text leaves out what takes MODEL, and it is named.",
                "Leave out one of them.",
            )


def judged(
    source: Source, flags: Mapping[str, Any], settings: Settings, progress: Progress
) -> tuple[Report, Measurement]:
    """The report of what a scan or a report measured, with what text and model make of it.

    `flags` are those that were given. Where text or model is not to be had, the report says why,
    unless MODEL was named: then that is the error. Raises UsageError for flags that say something
    else than what was measured.
    """
    from attnviz.corpus.finished import watched
    from attnviz.corpus.measurements import measurement_in
    from attnviz.steps.judge import check_settings, judge

    measurement = measurement_in(source.folder)
    given = [name for name, value in flags.items() if value is not None]
    check_settings(measurement, settings, given, flag)
    progress.stage("weighing evidence")
    report = watched(judge(measurement, settings), source.folder)
    report = replace(report, from_measurement=True)
    if source.without_text:
        return _alone(report), measurement
    try:
        again = _again(source, measurement, settings, progress)
    except AttnvizError as error:
        if source.model:
            raise
        return _alone(report, f"{error.message} {NAME_THEM}"), measurement
    return again.illustrated(report), measurement


def _alone(report: Report, why: str = "") -> Report:
    """The report, which says that it has no text and why."""
    warning = f"{WITHOUT_TEXT} {why}".strip()
    return replace(report, warnings=(*report.warnings, warning))


def _again(
    source: Source, measurement: Measurement, settings: Settings, progress: Progress
) -> Again:
    """The run over sentences that illustrate. Raises AttnvizError where there can be none."""
    from attnviz import pipeline
    from attnviz.corpus.again import again, check_files, scanned
    from attnviz.models import names
    from attnviz.models.cached import check_at_hand
    from attnviz.steps.again import settings_of
    from attnviz.text.files import STDIN

    settings = settings_of(measurement, settings)
    scan = scanned(source.folder)
    known = scan.get("given", {}) if scan else {}
    measured = measurement.input.files
    texts = source.texts or known.get("paths") or [file.name for file in measured]
    model = source.model or known.get("model") or _model(measurement)
    name = names.resolve(model, allow_pickle=settings.allow_pickle)
    if not source.model:
        check_at_hand(name, settings.revision)
    if scan:
        return again(scan, texts, name, measurement, settings, progress)
    if STDIN in texts and not source.texts:
        raise InputError("The text came from standard input.")
    files, target, labels = read_inputs(model, texts, settings.target, settings.labels, quiet=True)
    check_files(measured, [(file.name, file.sha256) for file in files])
    return pipeline.again(model, files, measurement, settings, progress, target, labels)


def _model(measurement: Measurement) -> str:
    """The name of the model that was measured."""
    if measurement.source is None:
        raise UsageError("The measurement is empty.", "Measure a text first.")
    return measurement.source.model.name
