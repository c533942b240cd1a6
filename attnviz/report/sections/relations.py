"""Relations between words: for each the head that follows it best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.baselines.known import title_of
from attnviz.report.cells import (
    Column,
    Table,
    baselines,
    evidence,
    head_cells,
    plain,
    scores,
    texts,
    verdicts,
)
from attnviz.report.numbers import counted, number, percent
from attnviz.report.sections import reading

if TYPE_CHECKING:
    from attnviz.report.model import RelationRow, Report

TITLE = "Relations between words"


@dataclass(frozen=True, slots=True)
class Relations:
    """The relations; `choice` says how a head was chosen, `reading` what the numbers mean."""

    title: str
    choice: str
    reading: str
    table: Table


def of(report: Report) -> Relations | None:
    """Those of one stream; None where none was measured."""
    rows = report.relations
    if not rows:
        return None
    heads = [head_cells(*(report.head(*place) for place in row.heads)) for row in rows]
    table = Table(
        (
            texts("Relation", "name", (row.relation for row in rows)),
            texts("Direction", "direction", (row.direction for row in rows)),
            Column("Head", "heads", heads),
            Column("Accuracy", "score", scores(rows)),
            baselines([(row.baseline, _which(row)) for row in rows]),
            evidence(rows),
            Column("Coverage", "number", [plain(percent(row.coverage)) for row in rows]),
            verdicts(rows),
        )
    )
    return Relations(TITLE, _choice(report), _reading(report), table)


def _choice(report: Report) -> str:
    """How the head of each row was chosen, and why its score is not flattered by that."""
    says = (
        "Each row names the head whose most attended other word is most often the right one, and "
        f"its accuracy, how often that is so. The best of {counted(len(report.heads), 'head')} "
        "looks good by luck alone, so it is chosen on one half of the sentences and scored on the "
        "other, both ways, and the two are pooled"
    )
    apart = sum(len(row.heads) > 1 for row in report.relations)
    if apart:
        says += (
            f". In {counted(apart, 'row')} the halves choose different heads: both are named, and "
            "each is scored where it was not chosen"
        )
    both = sum(not row.held_out for row in report.relations)
    if both:
        says += (
            f". In {counted(both, 'row')} only one half has any such words: there the head is "
            "scored where it was chosen"
        )
    return f"{says}. Of equals it is the head that puts more attention on the right words."


def _reading(report: Report) -> str:
    """What counts as looking at a word."""
    says = (
        f"{reading.split_words(report)} Special tokens are left out{_special(report)}; a word with "
        "under 0.1 on words counts as wrong."
    )
    return f"{says} {_coverage(report)} {_baseline(report)}"


def _coverage(report: Report) -> str:
    """What the column of that name counts."""
    lost = "words beyond the model's limit, and words that share a token"
    if report.model.causal:
        lost = f"those to the right, which the model can't see, {lost}"
    return (
        "Coverage is the share of a relation's word pairs that a head could follow; lost are "
        f"{lost}."
    )


def _baseline(report: Report) -> str:
    """What a baseline is, and what the interval and the verdict are about."""
    says = (
        "The baseline is the strongest rule that needs no head. The fixed offset, in words, is the "
        "better of those that either half chooses; so is the part of speech likeliest to be right "
        "for each part of speech, of which a word is taken at random. The interval takes the "
        "choice as given; the verdict is the head's own, as under Roles"
    )
    if any(len(row.heads) > 1 for row in report.relations):
        says += ", and of two the weaker"
    return f"{says}."


def _which(row: RelationRow) -> str:
    """The strongest baseline, and behind it the other rules with what they get."""
    if not row.against:
        return ""
    others = [
        f"{title_of(name)} {number(value)}"
        for name, value in row.baselines.items()
        if name not in {row.against, "chance"}
    ]
    behind = f" ({', '.join(others)})" if others and row.against != "chance" else ""
    strongest = "a word at random" if row.against == "chance" else title_of(row.against)
    return f"{strongest}{behind}"


def unmatched(report: Report) -> str:
    """How many of the roles between words no head has; "" where each has one, or none was measured.

    They are not listed among the others, which they would bury.
    """
    known = {row.role for row in report.relations}
    without = sum(not role.shown for role in report.roles if role.name in known)
    if not (without and report.judged):
        return ""
    have = "has" if without == 1 else "have"
    return f"Of {counted(len(known), 'role')} between words, {without} {have} no head"


def _special(report: Report) -> str:
    if report.special_mass is None:
        return ""
    least, most = map(percent, report.special_mass)
    share = least if least == most else f"{least} to {most}"
    return f" (heads put {share} of a word's attention there)"
