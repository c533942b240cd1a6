"""What every view declares, so that a new view is one new file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from matplotlib.figure import Figure

from attnviz.drawing.drawing import Drawing
from attnviz.drawing.settings import Scale as Scale
from attnviz.figures.style import FigureStyle


@dataclass(frozen=True)
class DrawingStyle:
    """How a drawing looks.

    `width` is that of the page it has to fit, in inches, None for as large as it needs.
    `scale` "own" ends the colours at each matrix's largest weight, the others at 1. `values`
    prints numbers into cells.
    """

    figure: FigureStyle = field(default_factory=FigureStyle)
    width: float | None = None
    scale: Scale = "sqrt"
    values: bool = False


@dataclass(frozen=True)
class View:
    """A view: its name on the command line, and how it is drawn.

    `draw` raises UsageError, with a hint, for a drawing that it can't show (arcs of many heads).
    `about` is one sentence, `order` the place in lists.
    """

    name: str
    title: str
    about: str
    draw: Callable[[Drawing, DrawingStyle], Figure]
    order: int = 100
