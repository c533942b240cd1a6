"""What the commands do between the flags and the pipeline."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attnviz import remarks
from attnviz.console import console, interactive, put, tell, tell_step
from attnviz.errors import UsageError
from attnviz.models import names
from attnviz.progress import Bar, Log, Silent
from attnviz.settings import Settings, creation_date, resolve
from attnviz.surroundings import working_folder
from attnviz.text.files import STDIN, read

if TYPE_CHECKING:
    from attnviz.report.model import Report
    from attnviz.text.types import SourceFile


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a command should leave behind: a folder, something on stdout, how much on stderr."""

    folder: Path | None
    output: str
    quiet: bool
    verbose: bool
    log: str = "human"


def report(model: str, texts: Sequence[str], flags: Mapping[str, Any], wanted: Wanted) -> None:
    """Makes one report, writes its folder, and prints what was asked for."""
    _hear_libraries(wanted)
    # Whatever can be wrong with the command is said at once, not after minutes of work.
    settings = resolve(flags, os.environ, working_folder())
    creation_date(os.environ)
    names.resolve(model, allow_pickle=settings.allow_pickle)
    _wait_for_text([*texts, settings.target], wanted)
    files, target = _files(model, texts, settings.target)
    with _progress(wanted) as progress:
        progress.stage("starting")
        _check(settings, wanted.folder)
        from attnviz import pipeline
        from attnviz.models import heap

        # Once more: libraries add handlers of their own when they are imported.
        _hear_libraries(wanted)
        heap.keep()
        found = pipeline.analyse(model, files, settings, progress, target)
        page = None
        if wanted.folder is not None:
            found, page = _write(found, wanted.folder, settings, progress)
    _print(found, page, wanted)


def _hear_libraries(wanted: Wanted) -> None:
    """With -v, what other libraries remark is told; else it isn't."""
    remarks.route((lambda remark: tell(remark, label="library")) if wanted.verbose else None)


def _wait_for_text(texts: Sequence[str], wanted: Wanted) -> None:
    """Says what a run waits for that reads from a keyboard; no prompt, for there is no answer."""
    if STDIN in texts and not wanted.quiet and sys.stdin is not None and sys.stdin.isatty():
        tell("Reading the text from the terminal: a sentence a line, Ctrl-D at the end.")


def _progress(wanted: Wanted) -> Silent:
    """Lines that move where somebody watches, a log where one was asked for, else nothing."""
    if wanted.quiet:
        return Silent()
    if interactive():
        return Bar(console(stderr=True))
    return Log(tell_step) if wanted.verbose or wanted.log == "json" else Silent()


def _files(
    model: str, texts: Sequence[str], target: str
) -> tuple[Sequence[SourceFile], SourceFile | None]:
    """The files of the text, and the one that a decoder reads."""
    if target == STDIN and STDIN in texts:
        raise UsageError(
            "Standard input (-) is both TEXT and --target.", "Name a file for one of them."
        )
    stdin = sys.stdin.buffer if sys.stdin else None
    files = read(texts, stdin, command=f"attnviz report {shlex.quote(model)}")
    return files, read([target], stdin)[0] if target else None


def _check(settings: Settings, folder: Path | None) -> None:
    """Raises UsageError for a colour map that isn't, WriteError for a folder that can't be."""
    from attnviz import saving
    from attnviz.figures.scale import colormap

    colormap(settings.cmap)
    if folder is not None:
        saving.check(folder)


def _write(
    found: Report, folder: Path, settings: Settings, progress: Silent
) -> tuple[Report, Path]:
    """Draws and writes; returns the report as it was written, and the path of its page."""
    from attnviz import saving

    found = saving.told_of_fonts(found)
    pictures = saving.pictures(found, progress, jobs=settings.jobs)
    progress.stage("writing report")
    return found, saving.save(found, folder, pictures)


def _print(found: Report, page: Path | None, wanted: Wanted) -> None:
    from attnviz.report import terminal
    from attnviz.report.format import find

    if wanted.output != "human":
        put(find(wanted.output).write(found, ()))
    elif not wanted.quiet and sys.stdout is not None:  # it is in the folder, too
        put(terminal.summary(found, str(page)))
    if wanted.quiet:
        return
    if wanted.verbose:
        for finding in found.findings:
            tell(finding.text)
    if wanted.verbose or wanted.output != "human":
        for warning in found.warnings:
            tell(warning, label="warning", style="yellow")
