"""Which head plays which role: a map of layers and heads in the colours of the families."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from attnviz.figures.captions import listing, plural, titled
from attnviz.figures.figure import ReportFigure
from attnviz.figures.grid import Cells, absent, cells, draw_cells
from attnviz.figures.layout import MARGIN, SMALL, headline, middle, notes
from attnviz.figures.margins import map_margins, margin_note
from attnviz.figures.palette import FAMILIES, INK, QUIET, channels, ink_on, tint
from attnviz.figures.scale import Pixels
from attnviz.figures.sheet import Sheet
from attnviz.figures.style import FigureStyle
from attnviz.figures.views import ModelView, RoleMark

_EMPTY = "#F4F4F4"
_GAP_CELL = "#E4E4E4"
_MOST_LETTERS = 3
_WEAKEST = 0.25
_SWATCH = 11.0
_ROW = 15.0


def draw(view: ModelView, style: FigureStyle) -> Figure:
    """Draw the map: colour for the first role's family, lightness for its strength."""
    sheet = Sheet(style)
    margins = map_margins(absent(view), view.key_heads, view.windows)
    width = max(cells(sheet, margins, 0.0).right, 330.0)
    title = titled("Head roles", view.stream)
    grid = cells(sheet, margins, headline(sheet, title, "", width - MARGIN))
    draw_cells(sheet, grid, role_colours(view, margins.absent), margins)
    for layer, row in enumerate(view.roles):
        for head, marks in enumerate(row):
            mark_cell(sheet, grid, layer, head, marks)
    marked = [marks for row in view.roles for marks in row]
    bottom = legend(sheet, marked, grid.bottom + 10.0, width - MARGIN)
    bottom = notes(sheet, bottom, margin_note(margins), width - MARGIN)
    return sheet.figure(width + MARGIN, bottom + MARGIN)


def shade_of(mark: RoleMark) -> str:
    """The colour of a role's cell: its family's, the paler the lower the score."""
    colour = FAMILIES.get(mark.family, FAMILIES["none"])
    return tint(colour, _WEAKEST + (1.0 - _WEAKEST) * mark.score)


def letters(marks: tuple[RoleMark, ...], most: int = _MOST_LETTERS) -> str:
    """The letters of a cell: capitals for supported roles, small ones for tentative ones."""
    return "".join(_letter(mark) for mark in marks[:most])


def _letter(mark: RoleMark) -> str:
    return mark.letter.upper() if mark.supported else mark.letter.lower()


def role_colours(view: ModelView, gaps: NDArray[np.bool_]) -> Pixels:
    """The cells' colours [layer, head, 3]; tentative roles are outlined, not filled."""
    pixels = np.empty((*gaps.shape, 3), dtype=np.uint8)
    for layer, row in enumerate(view.roles):
        for head, marks in enumerate(row):
            filled = bool(marks) and marks[0].supported
            pixels[layer, head] = channels(shade_of(marks[0]) if filled else _EMPTY)
    pixels[gaps] = channels(_GAP_CELL)
    return pixels


def mark_cell(
    sheet: Sheet, grid: Cells, layer: int, head: int, marks: tuple[RoleMark, ...]
) -> None:
    """Write a cell's letters, as many as fit; outline it where its role is tentative."""
    if not marks:
        return
    x, y = grid.centre(layer, head)
    size = min(8.0, grid.height * 0.62)
    text = next(
        letters(marks, most)
        for most in range(_MOST_LETTERS, 0, -1)
        if most == 1 or sheet.measure(letters(marks, most), size) <= grid.width - 3.0
    )
    ink = ink_on(shade_of(marks[0])) if marks[0].supported else INK
    _outline(sheet, (*grid.corner(layer, head), grid.width, grid.height), marks[0])
    sheet.text(x, middle(y, size), text, size, ink, align="center")


def _outline(sheet: Sheet, cell: tuple[float, float, float, float], mark: RoleMark) -> None:
    """Outline a cell in its family's colour where the evidence is only tentative."""
    if mark.supported:
        return
    x, y, width, height = cell
    inset = 1.3
    box = (x + inset, y + inset, width - 2 * inset, height - 2 * inset)
    sheet.boxes([box], edge=FAMILIES.get(mark.family, FAMILIES["none"]), line=0.9)


def legend(sheet: Sheet, cells: Sequence[tuple[RoleMark, ...]], y: float, width: float) -> float:
    """Name the roles that occur in cells, by family; returns the y below."""
    first_marks: dict[str, RoleMark] = {}
    marks_shown = [mark for marks in cells for mark in marks]
    for mark in marks_shown:
        first_marks.setdefault(mark.role, mark)
    families = list(FAMILIES)
    order = sorted(
        first_marks.values(),
        key=lambda mark: (
            families.index(mark.family) if mark.family in families else len(families),
            mark.title,
        ),
    )
    if not order:
        return notes(sheet, y, "No head was found to have a role.", width)
    widest = max(sheet.measure(mark.title, SMALL) for mark in order) + _SWATCH + 16.0
    columns = max(1, int(width // widest))
    rows = -(-len(order) // columns)
    for index, mark in enumerate(order):
        column, level = divmod(index, rows)
        _entry(sheet, mark, MARGIN + column * widest, y + level * _ROW)
    text = "Fill: the first role named; the paler, the lower its score."
    if not any(mark.judged for mark in marks_shown):
        text = "Outline and small letter: above chance here; no verdict."
    elif any(not mark.supported for mark in marks_shown):
        text += " Outline and small letter: tentative"
        text += "." if all(mark.judged for mark in marks_shown) else ", or no verdict."
    return notes(sheet, y + rows * _ROW + 1.0, text, width)


def _entry(sheet: Sheet, mark: RoleMark, x: float, y: float) -> None:
    colour = FAMILIES.get(mark.family, FAMILIES["none"])
    sheet.boxes([(x, y, _SWATCH, _SWATCH)], fill=colour)
    centre = middle(y + _SWATCH / 2, SMALL)
    letter = mark.letter.upper()
    sheet.text(x + _SWATCH / 2, centre, letter, SMALL, ink_on(colour), align="center")
    sheet.text(x + _SWATCH + 5.0, centre, mark.title, SMALL, INK if colour else QUIET)


def caption(view: ModelView) -> str:
    """How many heads have a role, and which roles are the most frequent."""
    marks = [marks for row in view.roles for marks in row]
    total = int((~absent(view)).sum())
    supported = Counter(mark.title for head in marks for mark in head if mark.supported)
    with_role = sum(any(mark.supported for mark in head) for head in marks)
    seen = sum(bool(head) and not any(mark.judged for mark in head) for head in marks)
    tentative = sum(bool(head) for head in marks) - with_role - seen
    if seen and not with_role + tentative:
        return (
            f"{seen} of {plural(total, 'head')} {_have(seen)} a role further above chance than its "
            "margin, on too few sentences for a verdict. A row for each layer, a column for each "
            "head; letters name the roles, the first by colour."
        )
    most = sorted(supported.items(), key=lambda item: (-item[1], item[0]))[:3]
    finding = f"{with_role} of {plural(total, 'head')} {_have(with_role)} a supported role"
    if most:
        finding += f", most often {listing([f'{name.lower()} ({n})' for name, n in most])}"
    if tentative:
        finding += f"; {tentative} more {_have(tentative)} only tentative ones"
    if seen:
        finding += f"; {seen} more {_have(seen)} only some without a verdict, above chance here"
    small = "tentative, or without a verdict" if seen else "tentative"
    return (
        f"{finding}. A row for each layer, a column for each head; letters name the roles, "
        f"the specific before the general and the first by colour; small letters are {small}."
    )


def _have(count: int) -> str:
    return "has" if count == 1 else "have"


FIGURE = ReportFigure(
    view=ModelView,
    name="roles",
    title="Head roles",
    about="Which head plays which role: layers down, heads across, a letter and colour for each.",
    formula="score of each supported or tentative role; see list roles",
    source="Voita et al. 2019; Clark et al. 2019",
    draw=draw,
    caption=caption,
    order=10,
)
