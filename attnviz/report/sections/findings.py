"""The three to six sentences that stand first, each with where its evidence is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.evidence.bootstrap import FEWEST
from attnviz.report.cells import Chip, Linked, Piece, chip, linker
from attnviz.report.numbers import counted
from attnviz.report.sections import roles

if TYPE_CHECKING:
    from attnviz.report.model import Finding as Found
    from attnviz.report.model import Report

TITLE = "What stands out"
NOTHING = "Nothing stands out."
SCORES = (
    "A score is the share of a head's attention that lands on the role's target, mean over "
    "queries; for roles between words the share of words whose most attended other word is right; "
    "for roles of shape what their formula says. Brackets hold the 95% interval."
)
_HEAD = (
    "A head divides each token's attention among the tokens that it sees; L1H2 is head 2 of layer "
    "1, counted from 0. Numbers are shares of it, mean over the tokens that have what the "
    "head looks for; "
)
NOTE = _HEAD + (
    "brackets hold the 95% interval over {units}, parentheses what an even spread would give, or "
    "what else could explain it."
)
NOTE_OF_FEW = _HEAD + (
    "parentheses hold what an even spread would give, or what else could explain it. They say what "
    "this text shows and nothing about other text: intervals and verdicts take {fewest} {units} or "
    "more."
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding, what it is about ("role", "redundant", ...), and the place of its evidence.

    `chip` is that of its role on the map. `evidence` says what it rests on; its anchor is "" where
    there is no such place.
    """

    about: str
    chip: Chip | None
    says: Linked
    evidence: Piece


@dataclass(frozen=True, slots=True)
class Findings:
    """The findings; `nothing` stands where there are none, `note` says what the numbers are."""

    title: str
    findings: tuple[Finding, ...]
    nothing: str
    note: str


def of(report: Report) -> Findings:
    """The findings that stand first in a report."""
    linked = linker(report)
    first = [each for each in report.findings if each.first]
    findings = tuple(
        Finding(each.kind, _chip(report, each), linked(each.text), _evidence(report, each))
        for each in first
    )
    note = NOTE if report.judged else NOTE_OF_FEW
    says = note.format(units=roles.units(report), fewest=FEWEST)
    return Findings(TITLE, findings, NOTHING, says if len(first) > 1 or not report.judged else "")


def part_of(report: Report, finding: Found) -> Report:
    """The part that a finding is about; of one about all parts the whole report."""
    return report.part(finding.attention) if finding.attention else report


def _chip(report: Report, finding: Found) -> Chip | None:
    part = part_of(report, finding)
    return next((chip(role) for role in part.roles if role.name == finding.role), None)


def _evidence(report: Report, finding: Found) -> Piece:
    """What a finding rests on, and where that is told."""
    part = part_of(report, finding)
    if finding.kind == "role":
        return _of_role(report, part, finding)
    if finding.kind == "induction" and part.induction:
        return Piece(counted(part.induction.draws, "draw"), "induction")
    if finding.kind in {"redundant", "collapsed", "uniform"}:
        told = part.spare is not None and report.judged
        return Piece("the heads", f"{finding.attention}-spare".lstrip("-") if told else "")
    first = report.every_part[0].attention
    return Piece("all roles", f"{first}-roles".lstrip("-"))


def _of_role(report: Report, part: Report, finding: Found) -> Piece:
    """How many sentences, or tokens of few sentences, the best head's score rests on."""
    score = part.head(*finding.heads[0]).roles.get(finding.role) if finding.heads else None
    if score is None:
        return Piece("", "")
    rests_on = counted(score.sentences, "sentence")
    if not report.judged:  # all that there is, so what counts is how many look
        info = next(role for role in part.roles if role.name == finding.role)
        rests_on = counted(score.events, "token" if info.coverage is None else "word")
    return Piece(f"from {rests_on}", roles.anchor(finding.role, finding.attention))
