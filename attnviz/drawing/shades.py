"""How a terminal shows weights and tokens: the colours it has, and the characters."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from rich.cells import cell_len, set_cell_size
from rich.style import Style
from rich.text import Text

from attnviz.drawing.heatmap import hundredths
from attnviz.drawing.view import DrawingStyle
from attnviz.figures.palette import hexadecimal, ink_on
from attnviz.figures.scale import shade, ticks
from attnviz.figures.style import FigureStyle
from attnviz.figures.views import Floats
from attnviz.text.showable import showable
from attnviz.text.types import TokenLabel

_BARS = (8, 30)
_EIGHTHS = " ▏▎▍▌▋▊▉"
_PLAIN = str.maketrans(
    {"“": '"', "”": '"', "’": "'", "→": "->", "↓": "", "≥": ">=", "·": ".", "…": "~", "×": "x"}
)


@dataclass(frozen=True, slots=True)
class Shades:
    """What a console can show: `width` in characters, whether it is `coloured`, or ASCII only."""

    style: DrawingStyle
    width: int
    coloured: bool
    ascii_only: bool

    @property
    def figure(self) -> FigureStyle:
        """The style of figures whose colours are taken."""
        scale = "linear" if self.style.scale == "own" else self.style.scale
        return replace(self.style.figure, scale=scale)

    def colours(self, weights: Floats, top: float) -> list[list[str]]:
        """The colours "#RRGGBB" of weights [row, column] on a scale that ends at `top`."""
        pixels = shade(np.asarray(weights, dtype=np.float64) / top, self.figure).tolist()
        return [[hexadecimal(pixel) for pixel in row] for row in pixels]

    def on(self, colour: str) -> Style:
        """Ink on a colour; no style without colours."""
        if not self.coloured:
            return Style.null()
        return Style(color=ink_on(colour), bgcolor=colour, dim=False)

    def encodable(self, text: str) -> str:
        """`text` with marks that ASCII has no characters for written otherwise."""
        return text.translate(_PLAIN) if self.ascii_only else text

    def label(self, label: TokenLabel, width: int) -> str:
        """A token in at most `width` characters, wide ones counted as two."""
        text = self.encodable(showable(label.text))
        if cell_len(text) <= width:
            return text
        return set_cell_size(text, width - 1).rstrip() + self.encodable("…")

    def bar(self, length: float, beside: int) -> Text:
        """A bar of `length` (0-1), with room for `beside` characters in its line."""
        width = min(max(self.width - beside, _BARS[0]), _BARS[1])
        line = bar(length, width, ascii_only=self.ascii_only)
        return Text(line, style="blue", no_wrap=True, overflow="crop")

    def legend(self, top: float) -> Text:
        """The scale of the colours, in true weights."""
        if not self.coloured:
            return Text()
        own = self.style.scale == "own"
        marks = (
            np.array([0, 0.25, 0.5, 0.75, 1]) * top if own else np.array(ticks(self.figure.scale))
        )
        line = Text("weight ", style="dim")
        for mark, colour in zip(marks, self.colours(marks[None, :], top)[0], strict=True):
            line.append("   ", self.on(colour)).append(f" {mark:.2g}  ", "dim")
        return line


def bar(length: float, width: int, *, ascii_only: bool) -> str:
    """A bar of `length` (0-1) of `width` characters, to an eighth of one; in ASCII to a whole."""
    if ascii_only:
        return "#" * round(length * width)
    full, rest = divmod(round(length * width * 8), 8)
    return f"{'█' * full}{_EIGHTHS[rest]}".rstrip()


def number(weight: float) -> str:
    """A weight in three characters: `.45`, `1.0`, or nothing below 0.005."""
    return f"{hundredths(weight):>3}"
