"""A report goes to disk: figures drawn, every format written, the folder swapped in as one."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from attnviz import folder
from attnviz.figures.gallery import draw_all, tasks
from attnviz.figures.kind import FigureStyle, Picture
from attnviz.report.format import files
from attnviz.report.model import SCHEMA
from attnviz.report.views import model_view

if TYPE_CHECKING:
    from attnviz.report.model import Report

FEWEST_SHARED = 12
"""So few pictures are drawn here: starting other processes would take longer."""


def check(path: Path) -> None:
    """Raises WriteError unless a report may be written to `path`."""
    folder.check(path, SCHEMA)


def pictures(
    report: Report, *, jobs: int = 1, progress: Callable[[int, int], None] = lambda _, __: None
) -> tuple[Picture, ...]:
    """Draws every figure; `jobs` processes, 0 for one a processor.

    `progress` is told how many figures are done and how many there are.
    """
    options = report.options
    style = FigureStyle(cmap=options.cmap, scale=options.scale, dpi=options.dpi)
    view = model_view(report)
    total = len(tasks(view, report.illustrations))
    done = 0

    def tell(_: Picture) -> None:
        nonlocal done
        done += 1
        progress(done, total)

    jobs = min(jobs or os.cpu_count() or 1, 8) if total > FEWEST_SHARED else 1
    return draw_all(view, report.illustrations, style, jobs=jobs, progress=tell)


def save(report: Report, path: Path | str, made: Sequence[Picture] | None = None) -> Path:
    """Writes the report folder and returns the path of its page.

    `made` are the figures, drawn here when not given. What the folder held before stays whole
    if anything goes wrong; WriteError says what.
    """
    target = Path(path)
    check(target)
    folder.write(target, files(report, pictures(report) if made is None else made), SCHEMA)
    return target / "report.html"
