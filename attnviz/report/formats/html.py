"""`report.html`: one file that opens anywhere, offline, without scripts, and prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from attnviz.report import scripts, sections
from attnviz.report.format import Format
from attnviz.report.images import alt, data_uri
from attnviz.report.pages import environment, stylesheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.figures.picture import Picture
    from attnviz.report.model import Report
    from attnviz.report.sections.explorer import Explorer

LAYERS_OPEN = 12
"""Models with more layers get their tables of heads folded."""

HALF, MOST = 620, 760
"""Figures up to `HALF` CSS pixels stand side by side, those up to `MOST` have their caption
beside them where the page is broad, wider ones below."""


SHRUNK = 460
"""Broader figures are not made smaller than they are on a phone, but scroll in a box."""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture as the page has it; `place` is the class of its place, "" for half the width.

    `alt` states what it shows; `scrolls`: it stays legible on a narrow screen by being scrolled.
    """

    uri: Markup
    place: str
    alt: str
    scrolls: bool


def write(report: Report, pictures: Sequence[Picture]) -> bytes:
    """The page as UTF-8."""
    page = environment().get_template("report.html.j2")
    every = sections.of(report, pictures)
    styles = ["report.css", "profile.css", "first_screen.css"]
    return page.render(
        sections=every,
        images={picture.path: image(picture) for picture in pictures},
        styles=Markup("\n").join(
            map(stylesheet, [*styles, "explorer.css"] if every.explorer else styles)
        ),
        layers_open=LAYERS_OPEN,
        **_scripts(every.explorer),
    ).encode()


def _scripts(explorer: Explorer | None) -> dict[str, Markup]:
    """The explorer's script, what it reads, and what lets it run and nothing else."""
    if explorer is None:
        return {"policy": Markup("")}
    loader = scripts.loader()
    hashes = f"{scripts.allowed(loader)} {scripts.allowed(scripts.script())}"
    policy = f"; script-src {hashes}; trusted-types explorer; require-trusted-types-for 'script'"
    # None holds a sign that means something in a page: see `explorer.written`, `scripts.loader`.
    return {
        "packed": Markup(scripts.packed()),  # noqa: S704
        "loader": loader,
        "data": Markup(explorer.data),  # noqa: S704
        "policy": Markup(policy),  # noqa: S704
    }


def image(picture: Picture) -> Image:
    """A picture as a page has it."""
    return Image(data_uri(picture), _place(picture), alt(picture), picture.width > SHRUNK)


def _place(picture: Picture) -> str:
    if picture.width <= HALF:
        return ""
    return "beside-caption" if picture.width <= MOST else "wide"


FORMAT = Format(
    name="html",
    filename="report.html",
    about="A page that opens offline, without scripts, and prints.",
    write=write,
)
