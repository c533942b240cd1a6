"""Which heads a report has for each of its roles, and in which order both are shown."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from attnviz.figures.palette import FAMILIES
from attnviz.report.cells import family

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.report.model import HeadReport, Report, RoleInfo, RoleScore


@dataclass(frozen=True, slots=True)
class RoleHeads:
    """A role that some head has, with its heads, the best first.

    `own`: those but the heads in which it is one fact with another role, which is told instead;
    `also`: the titles of the roles that are one fact with it in all of them.
    """

    role: RoleInfo
    heads: tuple[HeadReport, ...]
    own: tuple[HeadReport, ...]
    also: tuple[str, ...]

    @property
    def scores(self) -> list[RoleScore]:
        """What its heads score."""
        return [head.roles[self.role.name] for head in self.heads]

    @property
    def strength(self) -> tuple[bool, float]:
        """Whether the role is beyond doubt, and the lift of its best head."""
        best = (self.own or self.heads)[0].roles[self.role.name]
        return any(score.verdict == "supported" for score in self.scores), best.lift or 0.0


def role_heads(report: Report) -> tuple[RoleHeads, ...]:
    """The roles that some head has, in the order of the report."""
    titles = {role.name: role.title for role in report.roles}
    heads = {(head.layer, head.head): head for head in report.heads}
    return tuple(
        _role_heads(role, tuple(heads[place] for place in role.shown), titles)
        for role in report.roles
        if role.shown
    )


def _role_heads(role: RoleInfo, heads: tuple[HeadReport, ...], titles: dict[str, str]) -> RoleHeads:
    own = tuple(head for head in heads if role.name not in head.beside)
    every = [head.with_role(role.name) for head in own]
    also = [name for name in (every[0] if own else ()) if all(name in names for names in every)]
    return RoleHeads(role, heads, own, tuple(titles.get(name, name) for name in also))


def by_family(every: Sequence[RoleHeads]) -> list[tuple[str, list[RoleHeads]]]:
    """The roles by family, families in the order of the palette's legend."""
    order = list(FAMILIES)
    ranked = sorted(every, key=lambda role: order.index(family(role.role)))
    return [(name, list(roles)) for name, roles in groupby(ranked, lambda role: family(role.role))]


def in_order(report: Report) -> list[RoleHeads]:
    """The roles that are told, each fact once, family by family."""
    told = [role for role in role_heads(report) if role.own]
    return [role for _, roles in by_family(told) for role in roles]


def strongest(every: Sequence[RoleHeads], most: int) -> list[RoleHeads]:
    """At most so many roles, those whose best heads are furthest above chance, in their order."""
    ranked = sorted(every, key=lambda role: role.strength, reverse=True)[:most]
    return [role for role in every if role in ranked]
