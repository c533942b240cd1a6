"""What every figure module declares, so that a new figure is one new file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Concatenate, Generic, TypeVar

from matplotlib.figure import Figure

from attnviz.figures.compared_views import ComparedView, CourseView, DifferenceView, SideBySide
from attnviz.figures.views import HeadView, ModelView, SentenceView

View = TypeVar("View", ModelView, SentenceView, SideBySide, CourseView, DifferenceView)
AnyView = ModelView | SentenceView | ComparedView


@dataclass(frozen=True, slots=True)
class Subject:
    """What one picture shows: some heads of a sentence, or, without any, all of a view.

    `name` is that of its files, `title` stands before its caption; "" means the figure's own.
    """

    heads: tuple[HeadView, ...] = ()
    name: str = ""
    title: str = ""


WHOLE = (Subject(),)
"""The subjects of a figure that shows all of a view, once."""


def whole(view: AnyView) -> Sequence[Subject]:  # noqa: ARG001
    """The subjects of figures that every view has."""
    return WHOLE


@dataclass(frozen=True, kw_only=True)
class ReportFigure(Generic[View]):
    """A figure: its words, what it is drawn from, and how.

    `view` is `ModelView`, of which a report has one a stream, `SentenceView`, of which it has one
    for each illustrated sentence and stream, or one of a comparison's. `subjects` are the pictures
    to draw of a view, none where it lacks what the figure shows. `draw(view, *subject.heads,
    style)` draws one, and `caption(view, *subject.heads)` says its finding first, how to read it
    second. `about` is one sentence, `order` the place among figures of the same view.
    """

    name: str
    title: str
    about: str
    formula: str
    source: str
    order: int = 100
    view: type[View]
    subjects: Callable[[View], Sequence[Subject]] = whole
    draw: Callable[Concatenate[View, ...], Figure]
    caption: Callable[Concatenate[View, ...], str]
