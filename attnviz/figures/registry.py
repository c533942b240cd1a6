"""Finds the figures: every module of this package that declares a `FIGURE`."""

from __future__ import annotations

from functools import cache
from typing import Any

from attnviz import figures as room
from attnviz.figures.figure import ReportFigure
from attnviz.figures.views import ModelView, SentenceView
from attnviz.registry import discover


def figures() -> tuple[ReportFigure[Any], ...]:
    """All figures: those of a model, of a sentence, of a comparison; each by order and name."""
    return _figures(tuple(room.__path__))


@cache
def _figures(folders: tuple[str, ...]) -> tuple[ReportFigure[Any], ...]:  # noqa: ARG001
    """The same, searched for again when the room has another folder."""
    every = discover(room.__name__, "FIGURE", ReportFigure)
    views = (ModelView, SentenceView)
    return tuple(
        sorted(every, key=lambda one: views.index(one.view) if one.view in views else len(views))
    )
