"""`compare.html`: one file that opens anywhere, offline, without scripts, and prints."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from attnviz.comparison import sections
from attnviz.comparison.several import Comparisons
from attnviz.figures.picture import Picture
from attnviz.report.formats.html import image
from attnviz.report.pages import environment, stylesheet

FILENAME = "compare.html"


def write(comparisons: Comparisons, pictures: Sequence[Picture]) -> bytes:
    """The page as UTF-8."""
    page = environment().get_template("compare.html.j2")
    return page.render(
        page=sections.of(comparisons, pictures),
        images={picture.path: image(picture) for picture in pictures},
        styles=Markup("\n").join(map(stylesheet, ("report.css", "compare.css"))),
    ).encode()
