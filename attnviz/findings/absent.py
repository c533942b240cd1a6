"""Why a role could not be measured on a text, in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.report.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attnviz.baselines.gold import Coverage
    from attnviz.roles.role import Role

_LOST = (
    "they run to the right, which a causal model can't see, within one token, or beyond the "
    "model's limit"
)


def absent(role: Role, coverage: Mapping[str, Coverage], mentions: int) -> str:
    """The true reason: what the text lacks, or that it has too little of it to be seen.

    `coverage` are the arcs of every role between words that the text has, however few, `mentions`
    counts those of entities.
    """
    if role.members is not None:
        return _without_members(role, coverage) or _needs(role)
    if role.arcs is not None:
        return _without_arcs(coverage.get(role.name), mentions) or _needs(role)
    return _needs(role)


def _needs(role: Role) -> str:
    return f"It needs {role.needs or 'tokens that see others'}."


def _without_members(family: Role, coverage: Mapping[str, Coverage]) -> str:
    """Of an annotated text without enough of any relation; "" where there is no tree."""
    counts = {
        family.member(name).relation: covered.arcs
        for name, covered in coverage.items()
        if family.member and family.includes(name)
    }
    if not counts:
        return ""
    relation, most = min(counts.items(), key=lambda item: (-item[1], item[0]))
    return (
        f"It needs a relation that occurs {family.fewest} times; the most frequent of this text, "
        f"{relation}, occurs {counted(most, 'time')}."
    )


def _without_arcs(coverage: Coverage | None, mentions: int) -> str:
    """Of a text that has what the role is about, and no pair that a head could follow."""
    if coverage is not None and coverage.arcs:
        pairs = counted(coverage.arcs, "pair")
        return f"Of the {pairs} of words in this text a head can follow none: {_LOST}."
    if mentions:
        return "It needs an entity that a sentence mentions twice; in this text none is."
    return ""
