"""`compare.md`: the same findings and tables, short enough for a CI job summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attnviz.comparison import sections
from attnviz.comparison.page import Page, Part
from attnviz.comparison.several import Comparisons
from attnviz.figures.picture import Picture
from attnviz.report.cells import Cell, RoleCell, Table
from attnviz.report.escape import markdown as safe
from attnviz.report.markup import bullets, table

FILENAME = "compare.md"
_NUMBERS = ("number", "interval", "score")
"""Columns of nothing but digits, signs and brackets."""


def write(comparisons: Comparisons, pictures: Sequence[Picture] = ()) -> bytes:
    """The page as Markdown; pictures, where there are any, lie beside it."""
    page = sections.of(comparisons, pictures)
    blocks = [f"# {safe(page.title)}", safe(page.byline)]
    if page.warnings:
        blocks += ["## Warnings", bullets(page.warnings), "## What changed"]
    blocks.append(bullets(_first(page)))
    blocks += map(_picture, page.first)
    for part in page.parts:
        blocks += _part(part)
    blocks += ["## How it was measured", *map(safe, page.method), _table(page.models)]
    blocks.append(bullets(f"{name}: {value}" for name, value in page.facts))
    return ("\n\n".join(blocks) + "\n").encode()


def _first(page: Page) -> Iterator[str]:
    yield from (says.text for says in page.findings)
    if page.more:
        yield f"And {len(page.more)} more, in compare.html."


def _part(part: Part) -> Iterator[str]:
    yield f"## {safe(part.title)}"
    yield safe(part.says)
    yield from map(_picture, part.pictures)
    if part.table is not None:
        yield _table(part.table)
    elif part.otherwise:
        yield safe(part.otherwise)
    if part.more:
        yield safe(part.more)


def _table(of: Table) -> str:
    align = "".join("r" if column.form in _NUMBERS else "l" for column in of.columns)
    header = [safe(column.title) for column in of.columns]
    columns = [
        [cell.text if column.form in _NUMBERS else safe(_plain(cell)) for cell in column.cells]
        for column in of.columns
    ]
    return table(header, align, zip(*columns, strict=True))


def _picture(picture: Picture) -> str:
    return f"![{safe(picture.title)}]({picture.path}.png)\n\n{safe(picture.caption)}"


def _plain(cell: Cell) -> str:
    """A cell's text; of a role with the attention it is of, where there are several."""
    return f"{cell.text}, {cell.note}" if isinstance(cell, RoleCell) and cell.note else cell.text
