"""A page as its tags and its text."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

from attnviz.report.formats import html
from tests.helpers import example

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.figures.picture import Picture
    from attnviz.report.model import Report

Attributes = dict[str, str]
VOID = {"meta", "img", "br", "col", "link", "input", "hr"}
LOADS = {"src", "href", "srcset", "action", "poster", "data", "xlink:href", "background"}


class Page(HTMLParser):
    """A page as its tags and its text, checked for balance."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, Attributes]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data

    def all(self, tag: str) -> list[Attributes]:
        return [attrs for name, attrs in self.tags if name == tag]


def page(made: Report, pictures: Sequence[Picture] | None = None) -> Page:
    pictures = example.pictures(made) if pictures is None else pictures
    return Page(html.write(made, pictures).decode())
