"""The page that lists the reports on several texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from attnviz.report.numbers import count, counted
from attnviz.report.pages import environment, stylesheet
from attnviz.version import __version__

if TYPE_CHECKING:
    from attnviz.report.model import Report

NAME = "index.html"
MARK = '<meta name="generator" content="attnviz'
"""Stands near the start of the page: by it an earlier one is known."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A text with the folder of its report; where there is none, the `error` says why.

    `stands_out` is the first finding.
    """

    text: str
    folder: str
    sentences: str = ""
    tokens: str = ""
    stands_out: str = ""
    warnings: str = ""
    error: str = ""

    @classmethod
    def of(cls, text: str, folder: str, report: Report) -> Entry:
        """What the page says of a report."""
        first = next((finding.text for finding in report.findings if finding.first), "")
        return cls(
            text,
            folder,
            count(report.input.sentences),
            count(report.input.tokens),
            first or "Nothing stands out.",
            counted(len(report.warnings), "warning") if report.warnings else "",
        )

    @property
    def link(self) -> str:
        """Where its page is."""
        return f"{quote(self.folder)}/report.html"

    @property
    def says(self) -> str:
        """The numbers, and what stands out."""
        sentences = f"{self.sentences} sentence{'' if self.sentences == '1' else 's'}"
        warned = f" ({self.warnings})" if self.warnings else ""
        return f"{sentences}{warned}. {self.stands_out}"


def write(model: str, entries: Sequence[Entry]) -> bytes:
    """The page as UTF-8."""
    page = environment().get_template("index.html.j2")
    return page.render(
        model=model, entries=entries, version=__version__, styles=stylesheet("report.css")
    ).encode()
