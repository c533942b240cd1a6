"""What the commands do between the flags and the pipeline."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from attnviz.progress import Bar, Silent
from attnviz.settings import Settings, resolve
from attnviz.text.files import read

if TYPE_CHECKING:
    from attnviz.report.model import Report


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a command should leave behind: a folder, something on stdout, how much on stderr."""

    folder: Path | None
    output: str
    quiet: bool
    verbose: bool
    out: Console
    err: Console


def report(model: str, texts: Sequence[str], flags: Mapping[str, Any], wanted: Wanted) -> None:
    """Makes one report, writes its folder, and prints what was asked for."""
    # Whatever can be wrong with the command is said before minutes of work, not after.
    settings = resolve({"jobs": 0} | dict(flags), os.environ, Path.cwd())
    _check_style(settings)
    files = read(texts, sys.stdin.buffer if sys.stdin else None)
    if wanted.folder is not None:
        from attnviz.report import save

        save.check(wanted.folder)
    shown = wanted.err.is_terminal and not wanted.quiet
    page = None
    with Bar(wanted.err) if shown else Silent() as progress:
        from attnviz import pipeline

        found = pipeline.analyse(model, files, settings, progress)
        if wanted.folder is not None:
            page = _write(found, wanted.folder, settings, progress)
    _print(found, page, wanted)


def _check_style(settings: Settings) -> None:
    """Raises UsageError for a colour map that doesn't exist."""
    if settings.cmap != Settings.cmap:
        from attnviz.figures.scale import colormap

        colormap(settings.cmap)


def _write(found: Report, folder: Path, settings: Settings, progress: Silent) -> Path:
    from attnviz.report import save

    started = False

    def tell(_: int, total: int) -> None:
        nonlocal started
        if not started:
            progress.stage("drawing figures", total)
            started = True
        progress.advance()

    pictures = save.pictures(found, jobs=settings.jobs, progress=tell)
    progress.stage("writing report")
    return save.save(found, folder, pictures)


def _print(found: Report, page: Path | None, wanted: Wanted) -> None:
    from attnviz.report import terminal
    from attnviz.report.format import find

    if wanted.output != "human":
        # Bytes, so that what a script reads is what the file holds, whatever the locale.
        sys.stdout.buffer.write(find(wanted.output).write(found, ()))
        sys.stdout.buffer.flush()
    elif not wanted.quiet:
        wanted.out.print(terminal.summary(found, str(page)))
    if wanted.quiet:
        return
    if wanted.verbose:
        for finding in found.findings:
            wanted.err.print(finding.text, markup=False)
    if wanted.verbose or wanted.output != "human":
        for warning in found.warnings:
            wanted.err.print(f"warning: {warning}", markup=False)
