"""What formats print of a comparison: pages are made of parts, parts of words, tables, figures."""

from __future__ import annotations

from dataclasses import dataclass

from attnviz.figures.picture import Picture
from attnviz.report.cells import Chip, Table


@dataclass(frozen=True, slots=True)
class Says:
    """A sentence on what changed, with the mark of its role."""

    kind: str
    text: str
    chip: Chip | None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the page; `otherwise` stands in place of a table that would be empty."""

    name: str
    title: str
    says: str
    table: Table | None = None
    more: str = ""
    pictures: tuple[Picture, ...] = ()
    otherwise: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """All that formats print of a comparison.

    `findings` stand first, `more` are the others; `first` are the maps of roles. `facts` are names
    and values.
    """

    title: str
    version: str
    byline: str
    findings: tuple[Says, ...]
    more: tuple[Says, ...]
    first: tuple[Picture, ...]
    parts: tuple[Part, ...]
    method: tuple[str, ...]
    models: Table
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
