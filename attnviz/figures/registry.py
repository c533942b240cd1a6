"""Finds the figures: every module of this package that declares a `FIGURE`."""

from __future__ import annotations

from functools import cache
from typing import Any

from attnviz import figures as room
from attnviz.figures.figure import ReportFigure
from attnviz.figures.views import SentenceView
from attnviz.registry import discover


def figures() -> tuple[ReportFigure[Any], ...]:
    """All figures: those of a model, then those of a sentence; each by order and name."""
    return _figures(tuple(room.__path__))


@cache
def _figures(folders: tuple[str, ...]) -> tuple[ReportFigure[Any], ...]:  # noqa: ARG001
    """The same, searched for again when the room has another folder."""
    every = discover(room.__name__, "FIGURE", ReportFigure)
    return tuple(sorted(every, key=lambda figure: figure.view is SentenceView))
