"""What a notebook shows for a `Report`: the findings and the roles, in one fragment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.report import layers, words
from attnviz.report.cells import score_cells
from attnviz.report.pages import environment
from attnviz.report.tables import Tables

if TYPE_CHECKING:
    from attnviz.report.model import Report


def fragment(report: Report) -> str:
    """A `<div>` with its own style, safe to put beside anything."""
    page = environment().get_template("notebook.html.j2")
    tables = (
        (words.PARTS[part.attention][0] if part.attention else "", Tables(part).in_order)
        for part in report.every_part
    )
    return page.render(
        report=report,
        headline=layers.headline(report),
        tables=[(title, played) for title, played in tables if played],
        score_cells=score_cells,
    )
