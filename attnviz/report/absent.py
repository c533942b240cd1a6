"""Why a role could not be measured on a text, in a sentence."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from attnviz.report.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attnviz.baselines.gold import Coverage
    from attnviz.roles.role import Role
    from attnviz.text.types import Annotation

_LOST = (
    "they run to the right, which a causal model can't see, within one token, or beyond the "
    "model's limit"
)


def absent(role: Role, annotations: Sequence[Annotation], coverage: Mapping[str, Coverage]) -> str:
    """The true reason: what the text lacks, or that it has too little of it to be seen."""
    if role.members is not None:
        return _without_members(annotations, role.fewest) or _needs(role)
    if role.arcs is not None:
        return _without_arcs(annotations, coverage.get(role.name)) or _needs(role)
    return _needs(role)


def _needs(role: Role) -> str:
    return f"It needs {role.needs or 'tokens that see others'}."


def _without_members(annotations: Sequence[Annotation], fewest: int) -> str:
    """Of an annotated text without enough of any relation; "" where there is no tree."""
    counts = Counter(
        name
        for one in annotations
        for head, name in zip(one.heads, one.relations, strict=True)
        if name and head >= 0
    )
    if not counts:
        return ""
    name, most = min(counts.items(), key=lambda item: (-item[1], item[0]))
    return (
        f"It needs a relation that occurs {fewest} times; the most frequent of this text, {name}, "
        f"occurs {counted(most, 'time')}."
    )


def _without_arcs(annotations: Sequence[Annotation], coverage: Coverage | None) -> str:
    """Of a text that has what the role is about, and no pair that a head could follow."""
    if coverage is not None and coverage.arcs:
        pairs = counted(coverage.arcs, "pair")
        return f"Of the {pairs} of words in this text a head can follow none: {_LOST}."
    if any(one.mentions for one in annotations):
        return "It needs an entity that a sentence mentions twice; in this text none is."
    return ""
