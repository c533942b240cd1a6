"""What every figure module declares, so that a new figure is one new file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from matplotlib.figure import Figure

from attnviz.figures.views import HeadView, ModelView, SentenceView


@dataclass(frozen=True, slots=True)
class FigureStyle:
    """How all figures of one report look.

    `scale`: "sqrt" draws the square root of a weight, the bar labelled in true weights; both
    scales are fixed to 0-1. `cmap` is a matplotlib map name whose zero is the paper. `fonts` are
    family names in order of preference; what is in `missing`, characters and clusters of them,
    has no font and is drawn as its code points.
    """

    cmap: str = "Blues"
    scale: Literal["sqrt", "linear"] = "sqrt"
    dpi: int = 150
    fonts: tuple[str, ...] = ("DejaVu Sans",)
    missing: frozenset[str] = field(default=frozenset())


def always(view: ModelView | SentenceView) -> bool:  # noqa: ARG001
    """The `applies` of figures that every model or sentence has."""
    return True


@dataclass(frozen=True, kw_only=True)
class FigureKind:
    """What every figure says of itself; `about` is one sentence, `order` its place of its kind."""

    name: str
    title: str
    about: str
    formula: str
    source: str
    order: int = 100


@dataclass(frozen=True, kw_only=True)
class ModelFigure(FigureKind):
    """A figure of the whole model; `caption` says the finding first, how to read it second.

    `applies` tells whether a view has what the figure shows.
    """

    draw: Callable[[ModelView, FigureStyle], Figure]
    caption: Callable[[ModelView], str]
    applies: Callable[[ModelView], bool] = always


@dataclass(frozen=True, kw_only=True)
class SentenceFigure(FigureKind):
    """A figure of one illustrated sentence; `applies` as in `ModelFigure`."""

    draw: Callable[[SentenceView, FigureStyle], Figure]
    caption: Callable[[SentenceView], str]
    applies: Callable[[SentenceView], bool] = always


@dataclass(frozen=True, kw_only=True)
class HeadFigure(FigureKind):
    """A figure of one head on one sentence."""

    draw: Callable[[SentenceView, HeadView, FigureStyle], Figure]
    caption: Callable[[SentenceView, HeadView], str]


@dataclass(frozen=True, slots=True)
class Picture:
    """A finished figure: its two files, its size in CSS pixels, and its words."""

    path: str
    title: str
    caption: str
    png: bytes = field(repr=False)
    svg: bytes = field(repr=False)
    width: int
    height: int
