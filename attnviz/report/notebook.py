"""What a notebook shows for a `Report`: the findings and the roles, in one fragment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.report.cells import score_cells
from attnviz.report.pages import environment
from attnviz.report.tables import Tables

if TYPE_CHECKING:
    from attnviz.report.model import Report


def fragment(report: Report) -> str:
    """A `<div>` with its own style, safe to put beside anything."""
    page = environment().get_template("notebook.html.j2")
    return page.render(report=report, tables=Tables(report), score_cells=score_cells)
