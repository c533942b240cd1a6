"""What it takes to make the report again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.report import layers
from attnviz.report.numbers import count, counted
from attnviz.report.rerun import command

if TYPE_CHECKING:
    from attnviz.report.model import Report


@dataclass(frozen=True, slots=True)
class File:
    """A file that was read."""

    name: str
    amount: str
    sentences: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Again:
    """The command, and what it was run with."""

    title: str
    command: str
    version: str
    model: str
    architecture: str
    revision: str
    dtype: str
    numbers: str
    text: str
    files: tuple[File, ...]
    options: str


def of(report: Report) -> Again:
    """How to make the whole report again."""
    model, text = report.model, report.input
    return Again(
        "To make it again",
        command(report),
        report.version,
        model.name,
        model.architecture,
        model.revision,
        model.numbers,
        _numbers(report),
        f"{counted(text.sentences, 'sentence')}, {counted(text.tokens, 'token')}, "
        f"{count(text.truncated)} cut; split: {text.split}",
        tuple(
            File(
                file.name,
                count(file.sentences),
                counted(file.sentences, "sentence"),
                file.sha256,
            )
            for file in text.files
        ),
        _options(report),
    )


def _numbers(report: Report) -> str:
    model = report.model
    says = f"{model.numbers}; {counted(model.parameters, 'parameter')}; {layers.headline(report)}"
    shared = model.key_value_heads < model.heads
    return says + f", {counted(model.key_value_heads, 'key-value head')}" * shared


def _options(report: Report) -> str:
    """Each setting that is not empty, as the command line names it."""
    return "; ".join(f"{name} {value}" for name, value in report.options.as_text)
