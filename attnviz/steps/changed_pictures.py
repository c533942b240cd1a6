"""Pictures of what changed against an earlier measurement: all heads before, now, the difference.

They are drawn from sums, so that they are there without the model, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from attnviz.comparison.records import Comparison
from attnviz.comparison.views import difference
from attnviz.figures.gallery import draw_compared
from attnviz.figures.style import FigureStyle
from attnviz.report.model import Report
from attnviz.rules.verdict import Verdict
from attnviz.shape import Attention

Subject = tuple[Attention, str]
"""The stream, and the role or statistic, that a verdict is about."""

Pictures = Mapping[str, bytes]
"""Files of pictures by their paths."""


def with_pictures(
    verdicts: Sequence[Verdict],
    subjects: Sequence[Subject],
    compared: Comparison,
    reports: tuple[Report, Report],
    style: FigureStyle,
) -> tuple[list[Verdict], Pictures]:
    """Those that fail or warn with the path of a picture of their subject; verdicts share it."""
    drawn: dict[Subject, str] = {}
    files: dict[str, bytes] = {}
    told = []
    for verdict, subject in zip(verdicts, subjects, strict=True):
        if verdict.status in ("failed", "warned"):
            if subject not in drawn:
                drawn[subject] = ""
                for path, content in _drawn(subject, compared, reports, style).items():
                    drawn[subject] = path.rpartition(".")[0]
                    files[path] = content
            told.append(replace(verdict, figure=drawn[subject]))
        else:
            told.append(verdict)
    return told, files


def _drawn(
    subject: Subject, compared: Comparison, reports: tuple[Report, Report], style: FigureStyle
) -> dict[str, bytes]:
    """The two files of a picture; none of what is no number of every head, as on random tokens."""
    stream, name = subject
    before, after = (report.part(stream) for report in reports)
    view = difference(compared, (before, after), name)
    if np.isnan(view.before).all() or np.isnan(view.after).all():
        return {}
    (picture,) = draw_compared([view], style, lambda _: None)
    return {f"{picture.path}.png": picture.png, f"{picture.path}.svg": picture.svg}
