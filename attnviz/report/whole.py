"""What the parts of a report have together: each role, statistic and finding once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from attnviz.roles.dependency import ROLE as RELATIONS

if TYPE_CHECKING:
    from attnviz.report.model import Finding, Report, RoleInfo, StatisticInfo


def roles(report: Report) -> tuple[RoleInfo, ...]:
    """What was looked for in any part; a role twice only where its target differs.

    The relations of a tree, dozens with one formula, are one, but for those whose margin was set.
    """
    between = {row.role for part in report.every_part for row in part.relations if row.direction}
    between -= {margin.role for margin in report.options.evidence.margins}
    every: dict[tuple[str, str], RoleInfo] = {}
    for role in (role for part in report.every_part for role in part.roles):
        if role.name in between:
            every[RELATIONS.name, role.formula] = replace(
                role, name=f"{RELATIONS.name}:…", title=RELATIONS.title
            )
        else:
            every[role.name, role.formula] = role
    return tuple(every.values())


def statistics(report: Report) -> tuple[StatisticInfo, ...]:
    """What was computed in any part."""
    every = {info.name: info for part in report.every_part for info in part.statistics}
    return tuple(every.values())


def findings(report: Report) -> tuple[Finding, ...]:
    """Those that stand first, then those of each part that are not among them."""
    every = {finding.text: finding for finding in report.findings}
    for part in report.parts:
        for finding in part.findings:
            every.setdefault(finding.text, replace(finding, attention=part.attention, first=False))
    return tuple(every.values())
