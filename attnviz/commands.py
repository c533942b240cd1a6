"""What the commands do between the flags and the pipeline."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attnviz.console import console, interactive, put, tell
from attnviz.errors import UsageError
from attnviz.models import names
from attnviz.progress import Bar, Silent
from attnviz.settings import Settings, resolve
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


def report(model: str, texts: Sequence[str], flags: Mapping[str, Any], wanted: Wanted) -> None:
    """Makes one report, writes its folder, and prints what was asked for."""
    # Whatever can be wrong with the command is said at once, not after minutes of work.
    settings = resolve(flags, os.environ, Path.cwd())
    files, target = _files(model, texts, settings.target)
    names.resolve(model, allow_pickle=settings.allow_pickle)
    with Bar(console(stderr=True)) if interactive() and not wanted.quiet else Silent() as progress:
        progress.stage("starting")
        _check(settings, wanted.folder)
        from attnviz import pipeline
        from attnviz.models import heap

        heap.keep()
        found = pipeline.analyse(model, files, settings, progress, target)
        page = None
        if wanted.folder is not None:
            found, page = _write(found, wanted.folder, settings, progress)
    _print(found, page, wanted)


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
    from attnviz.figures.scale import colormap
    from attnviz.report import save

    colormap(settings.cmap)
    if folder is not None:
        save.check(folder)


def _write(
    found: Report, folder: Path, settings: Settings, progress: Silent
) -> tuple[Report, Path]:
    """Draws and writes; returns the report as it was written, and the path of its page."""
    from attnviz.report import save

    found = save.told_of_fonts(found)
    pictures = save.pictures(found, progress, jobs=settings.jobs)
    progress.stage("writing report")
    return found, save.save(found, folder, pictures)


def _print(found: Report, page: Path | None, wanted: Wanted) -> None:
    from attnviz.report import terminal
    from attnviz.report.format import find

    if wanted.output != "human":
        put(find(wanted.output).write(found, ()))
    elif not wanted.quiet:
        put(terminal.summary(found, str(page)))
    if wanted.quiet:
        return
    if wanted.verbose:
        for finding in found.findings:
            tell(finding.text)
    if wanted.verbose or wanted.output != "human":
        for warning in found.warnings:
            tell(warning, label="warning", style="yellow")
