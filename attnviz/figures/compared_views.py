"""What the figures of a comparison are drawn from: plain arrays and labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attnviz.figures.views import Floats, ModelView, RoleMark

Point = tuple[float, float, float]
"""A value with the ends of its interval; NaN for what is not known."""


@dataclass(frozen=True)
class SideBySide:
    """The maps of several models, in their order, each with what it is called there."""

    models: tuple[ModelView, ...]
    labels: tuple[str, ...]
    stream: str = ""

    def texts(self) -> Iterator[str]:
        """Every text from outside that it shows."""
        yield from self.labels
        for model in self.models:
            for marks in (marks for row in model.roles for marks in row):
                yield from (f"{mark.title}{mark.letter}" for mark in marks)


@dataclass(frozen=True)
class DifferenceView:
    """One number of every head, before and after: `measure` is a role's name, or a statistic's.

    `before` and `after` are maps [layer, head], of heads at their own places, `difference` that of
    after - before at the places before; NaN is a head that doesn't exist or has no counterpart.
    `certain` [layer, head] says where the difference is beyond doubt. Colours run from 0 to `top`,
    and for differences from -`reach` to `reach`, both the same for all figures of a comparison, but
    where the figure has its `own_scale`. `moved` is whether some head is compared with one at
    another place.
    """

    measure: str
    title: str
    labels: tuple[str, str]
    before: Floats
    after: Floats
    difference: Floats
    certain: NDArray[np.bool_]
    top: float
    reach: float
    moved: bool = False
    stream: str = ""
    own_scale: bool = False

    def texts(self) -> Iterator[str]:
        """Every text from outside that it shows."""
        yield from (*self.labels, self.title)


@dataclass(frozen=True)
class CourseLine:
    """A number over several models: the best head of a role, or a mean over heads.

    `mark` names a role with its letter and colour, None for a mean; `name` is what it is called.
    `supported` says where a head has the role beyond doubt, at `first` first; None for never.
    """

    name: str
    points: tuple[Point, ...]
    mark: RoleMark | None = None
    supported: tuple[bool, ...] = ()
    first: int | None = None


@dataclass(frozen=True)
class CourseView:
    """Numbers over several models, a line each; `labels` name the models, `axis` the numbers.

    `name` is that of its files, `says` its caption: the finding first, how to read it second.
    The scale runs from 0 to `top`.
    """

    name: str
    title: str
    axis: str
    labels: tuple[str, ...]
    lines: tuple[CourseLine, ...]
    top: float
    says: str
    stream: str = ""

    def texts(self) -> Iterator[str]:
        """Every text from outside that it shows."""
        yield from self.labels
        for line in self.lines:
            yield f"{line.name}{line.mark.letter if line.mark else ''}"


ComparedView = SideBySide | CourseView | DifferenceView
"""What a figure of a comparison is drawn from."""
