"""What may be wrong with the text or the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.report.cells import Linked, linker

if TYPE_CHECKING:
    from attnviz.report.model import Report


@dataclass(frozen=True, slots=True)
class Warnings:
    """The warnings; `nothing` stands where there are none."""

    title: str
    warnings: tuple[Linked, ...]
    nothing: str


def of(report: Report) -> Warnings:
    """The warnings of the whole report."""
    return Warnings("Warnings", tuple(map(linker(report), report.warnings)), "None.")
