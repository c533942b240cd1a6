"""What a report says, as data: one file a section, each from a `Report` to text, rows and cells.

Formats print this and compute nothing. In come reports and pictures, never a format.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.report import layers
from attnviz.report.sections import (
    again,
    examples,
    explorer,
    first_screen,
    groups,
    heads,
    induction,
    limits,
    maps,
    method,
    relations,
    roles,
    sentences,
    spare,
    strange,
    streams,
    top,
    warnings,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.figures.picture import Picture
    from attnviz.report.model import Report


@dataclass(frozen=True, slots=True)
class Stream:
    """The sections of one stream, in order; `title` is "" where a model has one stream only.

    `prefix` is what the places of its sections on a page begin with. With `few` sentences these
    come first. A section is None where there is nothing to say.
    """

    name: str
    title: str
    meaning: str
    layers: str
    prefix: str
    few: bool
    maps: maps.Maps | None
    roles: roles.Roles
    relations: relations.Relations | None
    induction: induction.Induction | None
    examples: examples.Examples | None
    heads: heads.Heads
    spare: spare.Spare | None
    sentences: sentences.Sentences


@dataclass(frozen=True, slots=True)
class Sections:
    """All sections of a report, in order.

    `induction` is that of a model with several streams; a single stream has its own. `explorer` is
    None where no sentence can be explored.
    """

    top: top.Top
    first: first_screen.FirstScreen
    streams: tuple[Stream, ...]
    explorer: explorer.Explorer | None
    induction: induction.Induction | None
    groups: groups.Groups | None
    strange: strange.Strange | None
    method: method.Method
    limits: limits.Limits
    warnings: warnings.Warnings
    again: again.Again


def of(report: Report, pictures: Sequence[Picture] = ()) -> Sections:
    """All sections of a report, with its pictures."""
    return Sections(
        top.of(report),
        first_screen.of(report, pictures),
        tuple(_stream(part, pictures, few=not report.judged) for part in report.every_part),
        explorer.of(report),
        induction.of(report) if report.parts else None,
        groups.of(report),
        strange.of(report),
        method.of(report),
        limits.of(report),
        warnings.of(report),
        again.of(report),
    )


def _stream(part: Report, pictures: Sequence[Picture], *, few: bool) -> Stream:
    name = part.attention
    return Stream(
        name,
        streams.TITLES[name],
        streams.MEANINGS[name],
        " ".join(layers.notes(part)) if name else "",
        f"{name}-" if name else "",
        few,
        maps.of(part, pictures),
        roles.of(part),
        relations.of(part),
        induction.of(part),
        examples.of(part),
        heads.of(part),
        None if few else spare.of(part),
        sentences.of(part, pictures),
    )
