"""What a notebook shows for a `Report`: the findings and the roles, in one fragment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.report.pages import environment, stylesheet
from attnviz.report.sections import findings, roles, top
from attnviz.report.sections.streams import TITLES

if TYPE_CHECKING:
    from attnviz.report.model import Report


def fragment(report: Report) -> str:
    """A `<div>` with its own style, safe to put beside anything."""
    page = environment().get_template("notebook.html.j2")
    return page.render(
        top=top.of(report),
        findings=findings.of(report),
        streams=[(TITLES[part.attention], roles.of(part)) for part in report.every_part],
        styles=stylesheet("notebook.css"),
    )
