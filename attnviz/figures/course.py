"""Numbers over several models, checkpoints of a training run say: a line each, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure
from matplotlib.path import Path

from attnviz.figures.compared_views import CourseLine, CourseView, Point
from attnviz.figures.figure import ReportFigure, Subject
from attnviz.figures.layout import MARGIN, SMALL, headline, middle, notes, round_ticks
from attnviz.figures.palette import FAMILIES, HAIRLINE, INK, QUIET, ink_on, on_paper, tint
from attnviz.figures.sheet import Sheet
from attnviz.figures.style import FigureStyle

_WIDTH, _HEIGHT = 470.0, 190.0
"""The room of the lines, in points."""

_NARROW = 200.0
"""That of two models; more take more, up to `_WIDTH`."""

_EACH = 44.0
_BAND = 0.22
_RADIUS = 1.9
_CHIP = 9.0
_LEADING = 11.0
"""Names at the ends of lines stand no closer."""

_PLAIN = FAMILIES["position"]


@dataclass(frozen=True, slots=True)
class _Plot:
    """The room of the lines: its corner and size in points, how many models, the scale's end."""

    left: float
    top: float
    width: float
    height: float
    models: int
    end: float

    def x(self, model: int) -> float:
        """Where a model stands."""
        return self.left + self.width * model / max(1, self.models - 1)

    def y(self, value: float) -> float:
        """Where a value stands."""
        return self.top + self.height * (1.0 - min(max(value / self.end, 0.0), 1.0))


def draw(view: CourseView, style: FigureStyle) -> Figure:
    """Draw the lines over the models, equally far apart, the scale from 0."""
    sheet = Sheet(style)
    models = len(view.labels)
    marks, end = round_ticks(view.top)
    width = min(max(_NARROW, _EACH * (models - 1)), _WIDTH)
    left = MARGIN + max(sheet.measure(f"{mark:g}", SMALL) for mark in marks) + 8.0
    names = max((sheet.measure(line.name, SMALL) for line in view.lines), default=0.0)
    right = left + width + 12.0 + (_CHIP + 4.0 if any(line.mark for line in view.lines) else 0.0)
    full = right + names
    top = headline(sheet, view.title, view.axis, full - MARGIN) + 4.0
    plot = _Plot(left, top, width, _HEIGHT, models, end)
    _axes(sheet, plot, marks)
    for line in view.lines:
        _band(sheet, plot, line)
    for line in view.lines:
        _line(sheet, plot, line)
    _names(sheet, plot, view.lines)
    bottom = _labels(sheet, plot, view.labels, full)
    bottom = notes(sheet, bottom, _small_print(view), full - MARGIN)
    return sheet.figure(full + MARGIN, bottom + MARGIN)


def _axes(sheet: Sheet, plot: _Plot, marks: Sequence[float]) -> None:
    levels = [plot.y(mark) for mark in marks]
    across = [[(plot.left, y), (plot.left + plot.width, y)] for y in levels]
    sheet.lines(np.array(across), HAIRLINE, 0.4)
    for mark, y in zip(marks, levels, strict=True):
        sheet.text(plot.left - 5.0, middle(y, SMALL), f"{mark:g}", SMALL, QUIET, align="right")
    feet = [[(plot.x(at), levels[0]), (plot.x(at), levels[0] + 2.5)] for at in range(plot.models)]
    sheet.lines(np.array(feet), QUIET, 0.4)


def _labels(sheet: Sheet, plot: _Plot, labels: Sequence[str], full: float) -> float:
    """Write the models' names below, upright where they are too long; the y below them."""
    each = plot.width / max(1, plot.models - 1)
    widths = [sheet.measure(label, SMALL) for label in labels]
    base = plot.top + plot.height + 5.0
    # The first and the last are moved in where they would not end on the sheet.
    moved = max(0.0, MARGIN + widths[0] / 2 - plot.left)
    moved = max(moved, plot.x(plot.models - 1) + widths[-1] / 2 - full)
    if max(widths) + moved <= each - 4.0:
        for at, (label, wide) in enumerate(zip(labels, widths, strict=True)):
            x = min(max(plot.x(at), MARGIN + wide / 2), full - wide / 2)
            sheet.text(x, base + SMALL, label, SMALL, QUIET, align="center")
        return base + SMALL + 3.0
    step = max(1, int(np.ceil((SMALL + 2.0) / each)))
    for at in range(0, plot.models, step):
        x = plot.x(at) + 0.36 * SMALL
        sheet.text(x, base + max(widths), labels[at], SMALL, QUIET, upright=True)
    return base + max(widths) + 4.0


def _runs(points: Sequence[Point]) -> list[list[int]]:
    """The stretches of models that have a value."""
    runs: list[list[int]] = [[]]
    for at, (value, _, _) in enumerate(points):
        if np.isnan(value):
            runs.append([])
        else:
            runs[-1].append(at)
    return [run for run in runs if run]


def _band(sheet: Sheet, plot: _Plot, line: CourseLine) -> None:
    """Shade the intervals from model to model."""
    for run in _runs(line.points):
        ends = [(line.points[at][1:], at) for at in run]
        if len(run) < 2 or any(np.isnan(both).any() for both, _ in ends):
            continue
        upper = [(plot.x(at), plot.y(high)) for (_, high), at in ends]
        lower = [(plot.x(at), plot.y(low)) for (low, _), at in reversed(ends)]
        _polygon(sheet, [*upper, *lower], tint(_colour(line), _BAND))


def _polygon(
    sheet: Sheet, corners: Sequence[tuple[float, float]], fill: str, edge: str | None = None
) -> None:
    codes = [Path.MOVETO, *[Path.LINETO] * (len(corners) - 1), Path.CLOSEPOLY]
    points = np.array([*corners, corners[0]])
    sheet.path(Path(points, np.array(codes, np.uint8)), fill=fill, edge=edge, line=0.9)


def _line(sheet: Sheet, plot: _Plot, line: CourseLine) -> None:
    """Draw a line with its points: full where a role is supported, hollow where not."""
    colour = _colour(line)
    for run in _runs(line.points):
        places = [(plot.x(at), plot.y(line.points[at][0])) for at in run]
        pairs = [[start, end] for start, end in pairwise(places)]
        sheet.lines(np.array(pairs), colour, 1.2)
        for at, (x, y) in zip(run, places, strict=True):
            if at == line.first and at > 0:
                _chip(sheet, line, x, y)
                continue
            full = line.mark is None or line.supported[at]
            _polygon(sheet, _circle(x, y), colour if full else "#FFFFFF", colour)


def _circle(x: float, y: float) -> list[tuple[float, float]]:
    turns = np.linspace(0.0, 2 * np.pi, 16, endpoint=False)
    return [(x + _RADIUS * float(np.cos(at)), y + _RADIUS * float(np.sin(at))) for at in turns]


def _chip(sheet: Sheet, line: CourseLine, x: float, y: float) -> None:
    """Draw a role's letter on its family's colour, around (x, y)."""
    if line.mark is None:
        return
    fill = FAMILIES.get(line.mark.family, FAMILIES["none"])
    sheet.boxes([(x - _CHIP / 2, y - _CHIP / 2, _CHIP, _CHIP)], fill=fill)
    letter = line.mark.letter.upper()
    sheet.text(x, middle(y, SMALL), letter, SMALL, ink_on(fill), align="center")


def _colour(line: CourseLine) -> str:
    return on_paper(FAMILIES.get(line.mark.family, FAMILIES["none"])) if line.mark else _PLAIN


def _names(sheet: Sheet, plot: _Plot, lines: Sequence[CourseLine]) -> None:
    """Name the lines at their right ends, pushed apart, each tied to its line."""
    ends = [(plot.y(line.points[run[-1]][0]), line) for line in lines if (run := _last(line))]
    ends.sort(key=lambda end: end[0])
    heights = _apart([y for y, _ in ends], plot.top - 2.0, plot.top + plot.height + 2.0)
    edge = plot.left + plot.width
    for y, (end, line) in zip(heights, ends, strict=True):
        sheet.lines(np.array([[(edge + 3.0, end), (edge + 9.0, y)]]), _colour(line), 0.6)
        x = edge + 12.0
        if line.mark is not None:
            _chip(sheet, line, x + _CHIP / 2, y)
            x += _CHIP + 4.0
        sheet.text(x, middle(y, SMALL), line.name, SMALL, INK)


def _last(line: CourseLine) -> list[int]:
    runs = _runs(line.points)
    return runs[-1] if runs else []


def _apart(wanted: Sequence[float], top: float, bottom: float) -> list[float]:
    """Heights, in order, no closer than `_LEADING`, as near as can be to those wanted."""
    placed: list[float] = []
    for y in wanted:
        placed.append(max(y, placed[-1] + _LEADING) if placed else max(y, top))
    for at in reversed(range(len(placed))):
        below = placed[at + 1] - _LEADING if at + 1 < len(placed) else bottom
        placed[at] = min(placed[at], max(below, top + at * _LEADING))
    return placed


def _small_print(view: CourseView) -> str:
    if not any(line.mark for line in view.lines):
        return "Band: 95% interval."
    return (
        "Band: 95% interval. Full points: a head has the role beyond doubt, from the letter on; "
        "hollow: none has."
    )


def caption(view: CourseView) -> str:
    """What the view says of itself."""
    return view.says


FIGURE = ReportFigure(
    view=CourseView,
    name="course",
    title="Over the models",
    about="Of several models: roles' best scores, entropy or how alike heads are, in their order.",
    formula="score of the best head of each model; mean over heads; with 95% intervals",
    source="Olsson et al. 2022",
    subjects=lambda view: (Subject(name=view.name, title=view.title),),
    draw=draw,
    caption=caption,
    order=20,
)
