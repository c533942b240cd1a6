"""What a run leaves behind: a folder, a result on stdout, and how much is told on stderr."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from attnviz import remarks
from attnviz.console import console, interactive, put, tell, tell_step
from attnviz.errors import UsageError
from attnviz.progress import Bar, Log, Silent
from attnviz.settings import Settings

if TYPE_CHECKING:
    from attnviz.measurement.measurement import Measurement
    from attnviz.report.model import Report

HUMAN = "human"
"""The format that is no report's: a summary for the terminal."""


@dataclass(frozen=True, kw_only=True)
class Output:
    """What was asked for: `format` is "human" or a report format, `log` "human" or "json"."""

    folder: Path | None
    format: str
    quiet: bool
    verbose: bool
    log: str

    def check_format(self) -> None:
        """Raises UsageError for a format that isn't."""
        from attnviz.report.format import formats

        if self.format != HUMAN and self.format not in formats():
            choices = ", ".join((HUMAN, *formats()))
            raise UsageError(f"--format is '{self.format}'.", f"Choose one of: {choices}.")

    def check(self, settings: Settings) -> None:
        """Raises UsageError for a colour map that isn't, WriteError for a folder that can't be.

        UsageError, too, for an export whose package is not installed.
        """
        from attnviz import saving
        from attnviz.figures.scale import colormap
        from attnviz.report import export

        colormap(settings.cmap)
        export.check(settings.export)
        if self.folder is not None:
            saving.check(self.folder)

    def check_folder(self, export: str | None) -> None:
        """Raises UsageError where tables were asked for by a flag and there is no folder."""
        if export and self.folder is None:
            raise UsageError(
                "--export writes tables into the report's folder, and there is none.",
                f"With --format {self.format} add -o DIR.",
            )

    def hear_libraries(self) -> None:
        """With -v, what other libraries remark is told; else it isn't."""
        remarks.route((lambda remark: tell(remark, label="library")) if self.verbose else None)

    def load_libraries(self) -> None:
        """Imports what runs models, which takes seconds."""
        from attnviz import pipeline  # noqa: F401
        from attnviz.models import heap

        # Once more: libraries add handlers of their own when they are imported.
        self.hear_libraries()
        heap.keep()

    def progress(self) -> Silent:
        """Lines that move where somebody watches, a log where one was asked for, else nothing."""
        if self.quiet:
            return Silent()
        if interactive():
            return Bar(console(stderr=True))
        return Log(tell_step) if self.verbose or self.log == "json" else Silent()

    def save(
        self, report: Report, measurement: Measurement, settings: Settings, progress: Silent
    ) -> tuple[Report, str]:
        """Draws and writes the folder; the report as it was written, and the path of its page."""
        from attnviz import saving

        if self.folder is None:
            return report, ""
        report = saving.told_of_fonts(report)
        pictures = saving.pictures(report, progress, jobs=settings.jobs)
        progress.stage("writing report")
        page = saving.save(report, self.folder, pictures, measurement, settings.export)
        return report, str(page)

    def show(self, report: Report, page: str) -> None:
        """Prints what was asked for, and tells findings and warnings where they are not in it."""
        from attnviz.report import terminal
        from attnviz.report.format import find

        if self.format != HUMAN:
            put(find(self.format).write(report, ()))
        elif not self.quiet and sys.stdout is not None:  # it is in the folder, too
            put(terminal.summary(report, page))
        if self.quiet:
            return
        if self.verbose:
            for finding in report.findings:
                tell(finding.text)
        if self.verbose or self.format != HUMAN:
            for warning in report.warnings:
                tell(warning, label="warning", style="yellow")
