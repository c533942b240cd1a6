"""Every head, layer by layer: its roles, its statistics and its profile."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from attnviz.figures.captions import listing
from attnviz.observers.shown import EACH, HEAD_ROLES
from attnviz.report.cells import (
    Chip,
    Head,
    Interval,
    RoleOfHead,
    Roles,
    Table,
    chip,
    estimates,
    head,
    heading,
    role_cells,
    tentative,
)
from attnviz.report.numbers import counted, number
from attnviz.report.sections import head_profile, statistics
from attnviz.report.sections.head_profile import HeadProfile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.report.model import HeadReport, Report, StatisticInfo

TITLE = "Heads"
MANY = 300
"""With more heads a page has a profile of those alone that have examples, and no intervals."""


@dataclass(frozen=True, slots=True)
class Column:
    """A statistic of every head; `title` begins with a capital."""

    title: str
    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Row:
    """A head, with a mean for each column."""

    head: Head
    roles: Roles
    means: tuple[Interval, ...]
    profile: HeadProfile | None


@dataclass(frozen=True, slots=True)
class Layer:
    """The heads of one layer, and the roles that any of them has."""

    number: int
    amount: str
    chips: tuple[Chip, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Heads:
    """All heads; `reading` says how to read their profiles, "" where they have none.

    `spread` is how their statistics spread, None where none was measured. `many`: so many that a
    row has no intervals, and that only heads with examples have a profile.
    """

    title: str
    spread: Table | None
    says: str
    reading: str
    columns: tuple[Column, ...]
    layers: tuple[Layer, ...]
    many: bool


def of(report: Report) -> Heads:
    """The heads of one stream."""
    columns = [each for each in report.statistics if each.name in statistics.COLUMNS]
    known = any(head.offsets or head.looks_at or head.examples for head in report.heads)
    many = len(report.heads) > MANY
    ordered = sorted(report.heads, key=lambda head: (head.layer, head.head))
    return Heads(
        TITLE,
        statistics.spread(report),
        _says(columns, many=many),
        _reading(report, many=many) if known else "",
        tuple(Column(heading(each.title), each.title, each.unit) for each in columns),
        tuple(
            _layer(report, number, list(heads), columns, profiles=known and not many)
            for number, heads in groupby(ordered, key=lambda head: head.layer)
        ),
        many,
    )


def _roles(report: Report, of_head: HeadReport) -> Roles:
    """The roles that are told of a head, each with its score and the roles beside it."""
    roles = {role.name: role for role in report.roles}

    def says(name: str) -> str:
        score = of_head.roles[name]
        also = [
            f"{roles[other].title} {number(of_head.roles[other].score)}"
            for other in of_head.with_role(name)
        ]
        beside = f" (also {', '.join(also)})" if also else ""
        return f"{roles[name].title} {number(score.score)}{tentative(score.verdict)}{beside}"

    return role_cells(
        tuple(RoleOfHead(chip(roles[name]), says(name)) for name in of_head.told if name in roles)
    )


def _layer(
    report: Report,
    number: int,
    heads: Sequence[HeadReport],
    infos: Sequence[StatisticInfo],
    *,
    profiles: bool,
) -> Layer:
    columns = [estimates(head.statistics.get(each.name) for head in heads) for each in infos]
    told = {name for head in heads for name in head.told}
    return Layer(
        number,
        counted(len(heads), "head"),
        tuple(chip(role) for role in report.roles if role.name in told),
        tuple(
            Row(
                head(each),
                _roles(report, each),
                tuple(column[at] for column in columns),
                head_profile.of(report, each) if profiles or each.examples else None,
            )
            for at, each in enumerate(heads)
        ),
    )


def _says(columns: Sequence[StatisticInfo], *, many: bool) -> str:
    named = [f"{each.title} ({each.unit})" for each in columns]
    intervals = "report.json has their 95% intervals" if many else "each with its 95% interval"
    joint = ";" if many else ","
    return f"Every head with its roles, and the means of {listing(named)}{joint} {intervals}."


def _reading(report: Report, *, many: bool) -> str:
    """How the block of a head is to be read, once for all heads."""
    whose = "A head with examples" if many else "Each head"
    says = (
        f"{whose} has a profile below its layer: all roles with the lower bound of score − "
        "baseline, which must exceed the role's margin; how far it looks, against uniform "
        "attention; its further statistics"
    )
    if any(head.looks_at for head in report.heads):
        says += "; what the word looked at most is, against a random other word that is seen"
    if not any(head.examples for head in report.heads):
        return f"{says}."
    return (
        f"{says}; and for its roles the sentences where they show most and least, by score − "
        f"chance, up to {EACH} each among those of readable length and several events. In each, "
        "one query is boxed, its target underlined, and every token shaded by the weight that the "
        "query gives it. The best head of a role has the whole range between, too: a sentence at "
        "each tenth of all sentences by score − chance, with the query nearest to its score. "
        f"At most {HEAD_ROLES} pairs of a head and a role have examples, the best "
        f"head of each role first.{' report.json has the numbers of all heads.' * many}"
    )
