"""A report goes to disk: figures drawn, every format written, the folder swapped in as one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from attnviz import folder, signals
from attnviz.comparison.formats import PAGES, json_comparison
from attnviz.comparison.formats import files as compared_files
from attnviz.comparison.formats.json_comparison import SCHEMA as COMPARED
from attnviz.comparison.views import views
from attnviz.corpus.measurements import MEASUREMENT
from attnviz.figures.fonts import choose
from attnviz.figures.gallery import draw_all, draw_compared, tasks, texts
from attnviz.figures.picture import Picture
from attnviz.figures.style import FigureStyle
from attnviz.findings.views import model_view
from attnviz.progress import Silent
from attnviz.report import export, index
from attnviz.report.format import files, formats
from attnviz.report.model import SCHEMA
from attnviz.report.numbers import count

if TYPE_CHECKING:
    from attnviz.comparison.several import Comparisons
    from attnviz.figures.views import ModelView, SentenceView
    from attnviz.measurement.measurement import Measurement
    from attnviz.report.model import Report
    from attnviz.values import Exports

FEWEST_SHARED = 12
"""So few pictures are drawn here: starting other processes would take longer."""

_CODES, _PARTS = 12, 4

_COMPARED = folder.Signature(COMPARED, PAGES, json_comparison.FILENAME)
"""How the folder of a comparison is recognised."""

MOST_JOBS = 8
"""More drawing processes are started only if asked for by number."""


def check(path: Path) -> None:
    """Raises WriteError unless a report may be written to `path`."""
    folder.check(path, _kind())


def check_each(path: Path, names: Sequence[str]) -> None:
    """Raises WriteError unless reports in folders of these names, and their list, fit in `path`."""
    folder.check_shelf(path, list(names), index.NAME, index.MARK, _kind())


def save_index(path: Path, model: str, entries: Sequence[index.Entry]) -> Path:
    """Writes the list of several reports beside their folders, and returns its path."""
    page = path / index.NAME
    folder.write_files({page: index.write(model, entries)})
    return page


def told_of_fonts(report: Report) -> Report:
    """The report with a warning for characters that figures can only show as code points."""
    _, missing = choose(texts(*_views(report)))
    if not missing:
        return report
    signs = sorted(missing, key=lambda sign: (len(sign), sign))
    codes = ", ".join(map(_codes, signs[:_CODES]))
    more = f" and {len(missing) - _CODES} more" if len(missing) > _CODES else ""
    have = "character has" if len(missing) == 1 else "characters have"
    warning = (
        f"{count(len(missing))} {have} no glyph in the fonts of this machine; figures show the "
        f"code point instead: {codes}{more}. Install a font that has them, such as Noto's "
        "(fonts-noto-core, fonts-noto-cjk)."
    )
    return replace(report, warnings=(*report.warnings, warning))


def _codes(sign: str) -> str:
    """A character as U+0947, a cluster as U+0065+0947; of one that goes on and on, its start."""
    codes = "+".join(f"{ord(char):04X}" for char in sign[:_PARTS])
    return f"U+{codes}{'+…' * (len(sign) > _PARTS)}"


def pictures(
    report: Report, progress: Silent | None = None, *, jobs: int = 1
) -> tuple[Picture, ...]:
    """Draws every figure; `jobs` processes, 0 for one a processor."""
    progress = progress or Silent()
    options = report.options
    style = FigureStyle(
        cmap=options.cmap, scale=options.scale, dpi=options.dpi, model=report.model.name
    )
    views = _views(report)
    total = len(tasks(*views))
    jobs = (jobs or min(os.cpu_count() or 1, MOST_JOBS)) if total > FEWEST_SHARED else 1
    progress.stage("drawing figures", total)
    with signals.unheard_by_children() if jobs > 1 else nullcontext():
        return draw_all(*views, style, jobs=jobs, progress=lambda _: progress.advance())


def save(
    report: Report,
    path: Path | str,
    made: Sequence[Picture] | None = None,
    measurement: Measurement | None = None,
    exports: Exports = (),
) -> Path:
    """Writes the report folder and returns the path of its page.

    `made` are the figures, drawn here when not given; the `measurement` that the report was made
    from is kept beside it, and its tables in the forms of `exports`. What the folder held before
    stays whole if anything goes wrong; WriteError says what, UsageError what has to be installed.
    """
    target = Path(path)
    check(target)
    export.check(exports)
    if made is None:
        report = told_of_fonts(report)
        made = pictures(report)
    contents = files(report, made) | export.files(report, exports)
    if measurement is not None:
        contents[MEASUREMENT] = measurement.to_bytes()
    folder.write(target, contents, _kind())
    return target / "report.html"


def check_comparison(path: Path) -> None:
    """Raises WriteError unless a comparison may be written to `path`."""
    folder.check(path, _COMPARED)


def save_comparison(
    comparisons: Comparisons, path: Path | str, progress: Silent | None = None
) -> Path:
    """Draws a comparison, writes its folder and returns the path of its page; WriteError."""
    target, progress = Path(path), progress or Silent()
    check_comparison(target)
    options = comparisons.reports[0].options
    style = FigureStyle(cmap=options.cmap, scale=options.scale, dpi=options.dpi)
    drawn = views(comparisons)
    progress.stage("drawing figures", len(drawn))
    made = draw_compared(drawn, style, lambda _: progress.advance())
    progress.stage("writing comparison")
    folder.write(target, compared_files(comparisons, made), _COMPARED)
    return target / PAGES[0]


def _views(report: Report) -> tuple[tuple[ModelView, ...], tuple[SentenceView, ...]]:
    """What is drawn: the maps of every part, then the sentences of every part."""
    return (
        tuple(map(model_view, report.every_part)),
        tuple(
            replace(view, stream=part.attention)
            for part in report.every_part
            for view in part.illustrations
        ),
    )


def _kind() -> folder.Signature:
    pages = [form.filename for form in formats().values()]
    return folder.Signature(SCHEMA, frozenset([*pages, MEASUREMENT, *export.NAMES]))
