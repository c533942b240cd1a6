"""What was found, in plain sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.report.cells import Linked, linker

if TYPE_CHECKING:
    from attnviz.report.model import Report

TITLE = "Findings"
NOTHING = "Nothing stands out."
SCORES = (
    "A score is the share of a head's attention that lands on the role's target, mean over "
    "queries; for roles between words the share of words whose most attended other word is right; "
    "for roles of shape what their formula says. Brackets hold the 95% interval."
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding, and what it is about: "role", "redundant", "uniform" and the like."""

    about: str
    says: Linked


@dataclass(frozen=True, slots=True)
class Findings:
    """The findings; `nothing` stands where there are none, `note` says what a score is."""

    title: str
    findings: tuple[Finding, ...]
    nothing: str
    note: str


def of(report: Report) -> Findings:
    """The findings of a report; those of one stream of several have no note."""
    linked = linker(report)
    findings = tuple(Finding(each.kind, linked(each.text)) for each in report.findings)
    return Findings(TITLE, findings, NOTHING, "" if report.attention else SCORES)
