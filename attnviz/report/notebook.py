"""What a notebook shows for a `Report`: its first screen, in a frame of its own.

A frame keeps the page's styles and the notebook's apart. It is plain HTML with everything inside:
no script, nothing loaded, and a sandbox that allows nothing, so that notebooks show it as it is,
trusted or not, now and when they are opened again.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from markupsafe import Markup

from attnviz.report.pages import environment, stylesheet
from attnviz.report.sections import first_screen as first
from attnviz.report.sections import top

if TYPE_CHECKING:
    from attnviz.report.model import Report

_GOAL = re.compile(r' href="[^"]*"')
"""Where a link leads. No text can look so, for quotes in texts are escaped."""

_BLOCK = re.compile(r"</(?:h[1-6]|p|li|tr)>")
_TAG = re.compile(r"<[^>]*>")
_MAP = re.compile(r'<svg[^>]* height="(\d+)"')
_UNREAD = re.compile(
    r'<svg\b.*?</svg>|</summary>.*?</details>|<ul class="legend">.*?</ul>', re.DOTALL
)
"""What is no text, closed at first, or a legend, whose entries stand in a row."""

_STYLES = ("report.css", "profile.css", "first_screen.css", "notebook.css")

_LEAST, _MOST = 160, 1100
"""The height of a frame, in CSS pixels: what is taller is scrolled inside."""

_EDGE, _BLOCK_SPACE, _LINE = 100, 6, 24
_CHARACTERS = 95
"""In a line at the width of a notebook."""


def frame(report: Report) -> str:
    """An `<iframe>` with the report's first screen, to put beside anything.

    Width and height are attributes, not only styles, for some notebooks drop styles. Where the
    frame itself is dropped, the line of text inside it remains.
    """
    page = first_screen(report)
    template = environment().get_template("notebook.html.j2")
    return template.render(line=repr(report), page=page, height=_height(page))


def first_screen(report: Report) -> str:
    """The page in the frame: what the report's own page begins with, its links leading nowhere.

    They lead to places that only the whole page has.
    """
    page = environment().get_template("notebook_page.html.j2")
    text = page.render(
        top=top.of(report),
        first=first.of(report),
        styles=Markup("\n").join(map(stylesheet, _STYLES)),
    )
    return _GOAL.sub("", text)


def _height(page: str) -> int:
    """What a page takes about at the width of a notebook; no script can ask the browser."""
    body = page.partition("<body>")[2]
    blocks = [_TAG.sub("", each).strip() for each in _BLOCK.split(_UNREAD.sub("", body))]
    lines = sum(math.ceil(len(block) / _CHARACTERS) for block in blocks)
    tallest = max(map(int, _MAP.findall(body)), default=0)
    height = _EDGE + _BLOCK_SPACE * len(blocks) + _LINE * lines + tallest
    return min(max(height, _LEAST), _MOST)
