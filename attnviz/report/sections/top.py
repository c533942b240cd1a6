"""What stands first: the model, the text, and what is particular about either."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.report import layers
from attnviz.report.numbers import counted, magnitude
from attnviz.report.sections import reading

if TYPE_CHECKING:
    from attnviz.report.model import Report

FILES = 5
"""Files that are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class Top:
    """The top of a report; what is "" need not be said.

    `shape` is the layers and heads, `layers` what is not the same in all of them; `sees` says what
    a token can see, `read` how the text was read, `merged` that tokens are words.
    """

    model: str
    version: str
    shape: str
    parameters: str
    sees: str
    sentences: str
    tokens: str
    files: tuple[str, ...]
    more_files: str
    read: str
    layers: str
    merged: str
    warnings: str
    created: str


def of(report: Report) -> Top:
    """The top of the whole report."""
    text = report.input
    more = len(text.files[FILES:])
    return Top(
        report.model.name,
        report.version,
        layers.headline(report),
        f"{magnitude(report.model.parameters)} parameters",
        reading.sees(report),
        counted(text.sentences, "sentence"),
        counted(text.tokens, "token"),
        tuple(file.name for file in text.files[:FILES]),
        counted(more, "more file") if more else "",
        " ".join(filter(None, (reading.template(report), reading.targets(report)))),
        " ".join(layers.notes(report)),
        reading.merged(report),
        counted(len(report.warnings), "warning") if report.warnings else "",
        report.options.created,
    )
