"""Finds the figures: every module of this package that declares a `FIGURE`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

import attnviz.figures
from attnviz.figures.kind import FigureKind, HeadFigure, ModelFigure, SentenceFigure

_KINDS = (ModelFigure, SentenceFigure, HeadFigure)


@cache
def figures() -> tuple[FigureKind, ...]:
    """All figures: those of the model, of a sentence, of a head; each kind by order and name."""
    found: list[FigureKind] = []
    for module in pkgutil.iter_modules(attnviz.figures.__path__):
        figure = getattr(importlib.import_module(f"attnviz.figures.{module.name}"), "FIGURE", None)
        if isinstance(figure, _KINDS):
            found.append(figure)
    return tuple(
        sorted(found, key=lambda figure: (_KINDS.index(type(figure)), figure.order, figure.name))
    )


def model_figures() -> tuple[ModelFigure, ...]:
    """The figures of a whole model."""
    return tuple(figure for figure in figures() if isinstance(figure, ModelFigure))


def sentence_figures() -> tuple[SentenceFigure, ...]:
    """The figures of one sentence."""
    return tuple(figure for figure in figures() if isinstance(figure, SentenceFigure))


def head_figures() -> tuple[HeadFigure, ...]:
    """The figures of one head on one sentence."""
    return tuple(figure for figure in figures() if isinstance(figure, HeadFigure))
