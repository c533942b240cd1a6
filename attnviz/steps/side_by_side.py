"""Models side by side: measurements judged, compared in pairs, and followed over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from attnviz.comparison import course_findings
from attnviz.comparison.courses import courses
from attnviz.comparison.records import Comparison, ComparisonFinding
from attnviz.comparison.several import Comparisons, Course
from attnviz.comparison.warned import warnings
from attnviz.errors import UsageError
from attnviz.measurement.measurement import Measurement
from attnviz.settings import Settings
from attnviz.stages import Progress
from attnviz.steps.compare import Matching, compare
from attnviz.steps.judge import judge


def side_by_side(
    measurements: Sequence[Measurement],
    labels: Sequence[str],
    settings: Settings,
    progress: Progress,
    *,
    matching: Matching = "auto",
) -> Comparisons:
    """The first against the last, and of more than two each against the one before it.

    All must be of the same sentences. Raises UsageError where they are not, or where their settings
    differ.
    """
    if len(measurements) < 2:
        raise UsageError("There is one model, and nothing to compare it with.", "Name another.")
    progress.stage("weighing evidence", len(measurements))
    reports = []
    for measurement in measurements:
        reports.append(judge(measurement, settings))
        progress.advance()
    last = len(measurements) - 1
    steps = list(pairwise(range(len(measurements)))) if last > 1 else []
    progress.stage("comparing", len(steps) + 1)
    comparisons = []
    for before, after in [(0, last), *steps]:
        comparisons.append(
            compare(
                measurements[before],
                measurements[after],
                settings,
                paired=True,
                matching=matching,
                labels=(labels[before], labels[after]),
                reports=(reports[before], reports[after]),
            )
        )
        progress.advance()
    ends = comparisons[0].before, *(each.after for each in comparisons[1:] or comparisons)
    followed = courses(measurements, reports, settings.resamples, settings.seed)
    return Comparisons(
        # A report's model has the heads of a layer; by the config they are those of all layers.
        sides=tuple(
            replace(side, model=report.model) for side, report in zip(ends, reports, strict=True)
        ),
        comparisons=tuple(comparisons),
        courses=followed,
        findings=tuple(_findings(comparisons[0], followed, labels)),
        reports=tuple(reports),
        warnings=warnings(
            [note for each in comparisons for note in each.warnings], reports, labels
        ),
    )


def _findings(
    whole: Comparison, followed: Sequence[Course], labels: Sequence[str]
) -> list[ComparisonFinding]:
    """Of several models when roles appear and are lost; then what differs from first to last.

    Single heads come last.
    """
    over_all = list(course_findings.roles(followed, labels)) if len(labels) > 2 else []
    told = {(finding.attention, finding.role) for finding in over_all}
    means = list(course_findings.means(followed, labels))
    others = [
        each
        for each in whole.findings
        if (each.attention, each.role) not in told or each.kind == "head"
    ]
    heads = [each for each in others if each.kind == "head"]
    others = [
        each
        for each in others
        if each.kind != "head" and not (each.kind == "same" and (over_all or means))
    ]
    return [*over_all, *others, *course_findings.small(whole), *means, *heads]
