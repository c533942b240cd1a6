"""Which heads have which roles, and how sure that is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.baselines.known import title_of
from attnviz.evidence.bootstrap import FEWEST
from attnviz.figures.captions import listing
from attnviz.report.cells import (
    Chip,
    Column,
    Evidence,
    Head,
    Interval,
    RoleCell,
    Table,
    Verdict,
    baselines,
    chip,
    column,
    evidence,
    evidence_of,
    head,
    head_cells,
    heading,
    scores,
    tentative,
    verdict,
    verdicts,
)
from attnviz.report.numbers import count, counted, exact, number
from attnviz.report.role_heads import RoleHeads, by_family, role_heads
from attnviz.report.scores import LEAST_SEEN
from attnviz.report.sections import relations

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from attnviz.report.model import HeadReport, Report, RoleInfo, RoleScore

TITLE = "Roles"
ROWS = 10
"""Heads of one role that get a row; the others are named."""

OTHERS = 40
"""So many of the others are named; of a role that all heads have, the rest is counted."""

CHANCE = (
    "Chance is the score of uniform attention over the keys that are visible; "
    "lift = (score − chance) / (1 − chance)."
)
_FAMILIES = {
    "position": "Position",
    "sink": "Sinks and separators",
    "punctuation": "Punctuation",
    "copy": "Copies",
    "syntax": "Syntax",
    "meaning": "Meaning",
    "shape": "Shape",
}


@dataclass(frozen=True, slots=True)
class RoleSummary:
    """A role that is told, with its best head, and as a `table` those that get a row.

    `also` are the titles of roles that are one fact with it; `amount` and `count` are of all heads;
    `rank` is its place among all roles by how far the best head is above chance, and
    `between_words` says whether it has a row among the relations.
    """

    title: str
    also: tuple[str, ...]
    role: RoleCell
    amount: int
    count: str
    best: Head
    score: Interval
    evidence: Evidence
    verdict: Verdict
    table: Table
    rank: int
    between_words: bool


@dataclass(frozen=True, slots=True)
class OtherHead:
    """A head that gets no row: what it scores, in words."""

    head: Head
    says: str


@dataclass(frozen=True, slots=True)
class Role:
    """A role with all its heads.

    `more` counts those that get no row, `unnamed` those of them that are not among the `others`.
    """

    name: str
    title: str
    anchor: str
    chip: Chip
    about: str
    formula: str
    source: str
    table: Table
    more: str
    others: tuple[OtherHead, ...]
    unnamed: str


@dataclass(frozen=True, slots=True)
class Family:
    """Roles of one colour."""

    title: str
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A role that no head has, with the head that comes closest, if any was measured."""

    title: str
    closest: OtherHead | None


@dataclass(frozen=True, slots=True)
class Absent:
    """Roles that could not be measured, and why."""

    titles: str
    reason: str


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles: in short, one by one, those that no head has, and those not measured.

    `summary` holds each fact once. `nobody` stands before the `unmatched` in a sentence,
    `nobody_title` over them; `relations` counts those between words, told in a section of that
    title. `judged`: whether there are verdicts.
    """

    title: str
    judged: bool
    says: str
    chance: str
    nothing: str
    summary: tuple[RoleSummary, ...]
    families: tuple[Family, ...]
    nobody: str
    nobody_title: str
    unmatched: tuple[Unmatched, ...]
    relations: str
    relations_title: str
    absent: tuple[Absent, ...]


def of(report: Report) -> Roles:
    """The roles of one stream."""
    every = role_heads(report)
    families = by_family([group for group in every if group.own or not group.role.same_as])
    return Roles(
        TITLE,
        report.judged,
        _says(report, every),
        CHANCE,
        "No head has a role.",
        _summary(report, every),
        tuple(
            Family(_FAMILIES.get(name, "Other"), tuple(_role(group) for group in roles))
            for name, roles in families
        ),
        "No head has" if report.judged else "No head is so far above chance for",
        "Roles that no head has" if report.judged else "Roles that no head shows",
        tuple(_unmatched(report)),
        relations.unmatched(report),
        relations.TITLE,
        tuple(_absent(report)),
    )


def units(report: Report) -> str:
    """What is resampled."""
    return "documents" if report.input.documents else "sentences"


def _says(report: Report, every: Sequence[RoleHeads]) -> str:
    if report.judged:
        are = "is" if len(every) == 1 else "are"
        seen = any(role.seen for role in report.roles)
        sought = sum(not role.absent for role in report.roles)
        return (
            f"{counted(len(every), 'role')} of the {sought} that were looked for {are} "
            f"found in some head{', or seen without a verdict' if seen else ''}."
        )
    return (
        f"What this text shows, without verdicts, which take {FEWEST} {units(report)} or more: "
        f"heads whose score, over {LEAST_SEEN} tokens that look or more, exceeds chance by more "
        "than the role's margin and is not below any other baseline, the strongest first."
    )


def _summary(report: Report, every: Sequence[RoleHeads]) -> tuple[RoleSummary, ...]:
    groups = [
        group for _, roles in by_family([group for group in every if group.own]) for group in roles
    ]
    ranks = sorted(groups, key=lambda group: group.strength, reverse=True)
    between = {row.role for row in report.relations}
    best = [group.own[0].roles[group.role.name] for group in groups]
    return tuple(
        RoleSummary(
            group.role.title,
            group.also,
            RoleCell(
                ", also ".join(filter(None, (group.role.title, ", ".join(group.also)))),
                chip(group.role),
                anchor=_anchor(group),
            ),
            len(group.own),
            count(len(group.own)),
            head(group.own[0]),
            interval,
            evidence_of(score),
            verdict(score.verdict),
            _table(group.role, group.own[:ROWS]),
            ranks.index(group),
            group.role.name in between,
        )
        for group, score, interval in zip(groups, best, scores(best), strict=True)
    )


def anchor(role: str, attention: str) -> str:
    """The role's place on a page: `role-self`, `cross-role-self`."""
    name = re.sub("[^a-z0-9]+", "-", role.lower()).strip("-")
    return f"{attention}-role-{name}".lstrip("-")


def _anchor(group: RoleHeads) -> str:
    return anchor(group.role.name, group.heads[0].attention)


def _table(role: RoleInfo, heads: Sequence[HeadReport]) -> Table:
    """Some heads of a role, with all that its verdict rests on."""
    every = [head.roles[role.name] for head in heads]
    names = [
        head_cells(head, variant=score.variant) for head, score in zip(heads, every, strict=True)
    ]
    return Table(
        (
            Column("Head", "heads", names),
            Column("Score", "score", scores(every)),
            Column("Chance", "number", column(score.chance for score in every)),
            baselines([(score.baseline, title_of(score.against)) for score in every]),
            Column("Lift", "number", column(score.lift for score in every)),
            evidence(every),
            # Where nothing has a verdict there is nothing to say in a column of its own.
            *((verdicts(every),) if any(score.verdict for score in every) else ()),
        )
    )


def _role(group: RoleHeads) -> Role:
    role, name = group.role, group.role.name
    rest = group.heads[ROWS:]
    return Role(
        name,
        heading(role.title),
        _anchor(group),
        chip(role),
        f"{role.about} {_heads(group)}. Must beat {_rivals(role)} by more than "
        f"{exact(role.margin)}.",
        role.formula,
        role.source,
        _table(role, group.heads[:ROWS]),
        count(len(rest)),
        tuple(
            OtherHead(head(each), number(score.score) + tentative(score.verdict))
            for each in rest[:OTHERS]
            for score in [each.roles[name]]
        ),
        count(len(rest) - OTHERS) if len(rest) > OTHERS else "",
    )


def _heads(group: RoleHeads) -> str:
    """How many heads have the role, and how many of them beyond doubt."""
    verdicts = [score.verdict for score in group.scores]
    supported = verdicts.count("supported")
    heads = counted(len(verdicts), "head")
    if verdicts[0] is None:
        return heads
    return heads if supported == len(verdicts) else f"{heads}, {count(supported)} of them supported"


def _rivals(role: RoleInfo) -> str:
    """Everything that a role's score must beat, chance first, in words."""
    names = dict.fromkeys(("chance", *role.baselines))
    return listing([title_of(name) for name in names])


def _unmatched(report: Report) -> Iterable[Unmatched]:
    """The roles that were measured and no head has, but those between words."""
    between = {row.role for row in report.relations}
    for role in report.roles:
        if not role.shown and not role.absent and role.name not in between:
            yield Unmatched(role.title, _closest(report, role))


def _closest(report: Report, role: RoleInfo) -> OtherHead | None:
    """The head that comes closest, with what it had to beat, plus the margin."""
    having = [each for each in report.heads if role.name in each.roles]
    scored = [each for each in having if each.roles[role.name].score is not None]
    if not scored:
        return None
    best = max(scored, key=lambda each: _lead(each, role.name))
    score = best.roles[role.name]
    if score.verdict is None and score.events < LEAST_SEEN:
        return OtherHead(head(best), f"{number(score.score)}, but {_events(role, score)}")
    needed = f"{number(score.baseline)} + {exact(role.margin)}"
    return OtherHead(head(best), f"{number(score.score)} against {needed}")


def _events(role: RoleInfo, score: RoleScore) -> str:
    """So few look that nothing was seen: "only 1 token looks for it"."""
    looks = counted(score.events, "token" if role.coverage is None else "word")
    return f"only {looks} {'looks' if score.events == 1 else 'look'} for it"


def _lead(of_head: HeadReport, role: str) -> float:
    """By how much a score beats its baseline, as surely as we know."""
    score = of_head.roles[role]
    if score.margin_low is not None:
        return score.margin_low
    return (score.score or 0.0) - (score.baseline or score.chance or 0.0)


def _absent(report: Report) -> Iterable[Absent]:
    reasons: dict[str, list[str]] = {}
    for role in report.roles:
        if role.absent and not role.shown:
            reasons.setdefault(_clause(role.absent), []).append(role.title)
    return (Absent(", ".join(titles), reason) for reason, titles in reasons.items())


def _clause(sentence: str) -> str:
    """A sentence as the part of another one that follows a colon."""
    bare = sentence.strip().removesuffix(".")
    return bare[:1].lower() + bare[1:]
