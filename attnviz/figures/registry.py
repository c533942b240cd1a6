"""Finds the figures: every module of this package that declares a `FIGURE`."""

from __future__ import annotations

from functools import cache

from attnviz.figures.kind import FigureKind, HeadFigure, ModelFigure, SentenceFigure
from attnviz.registry import discover


@cache
def _all() -> tuple[FigureKind, ...]:
    return discover("attnviz.figures", "FIGURE", FigureKind)


def figures() -> tuple[FigureKind, ...]:
    """All figures: those of the model, of a sentence, of a head; each kind by order and name."""
    return (*model_figures(), *sentence_figures(), *head_figures())


def model_figures() -> tuple[ModelFigure, ...]:
    """The figures of a whole model."""
    return tuple(figure for figure in _all() if isinstance(figure, ModelFigure))


def sentence_figures() -> tuple[SentenceFigure, ...]:
    """The figures of one sentence."""
    return tuple(figure for figure in _all() if isinstance(figure, SentenceFigure))


def head_figures() -> tuple[HeadFigure, ...]:
    """The figures of one head on one sentence."""
    return tuple(figure for figure in _all() if isinstance(figure, HeadFigure))
