"""The warnings of a text that is little evidence, and of relations that can't be judged."""

from __future__ import annotations

from collections.abc import Sequence

from attnviz.evidence.bootstrap import FEWEST
from attnviz.measurement.source import InputInfo
from attnviz.measurement.units import Units
from attnviz.report.numbers import counted
from attnviz.roles.role import Role

_NAMED = 5
"""Relations that a warning names."""


def little_evidence(units: Units, info: InputInfo) -> list[str]:
    """A warning where there are few units of evidence, or fewer than sentences.

    Of more units than are kept apart nobody knows how many are different.
    """
    if info.sentences < FEWEST:
        return [
            (
                f"Only {counted(info.sentences, 'sentence')}: too few for intervals, so there are "
                "no verdicts. Five give the first, fifty are enough for most roles."
            )
        ]
    if units.grouped:
        return []
    if len(units) < FEWEST:
        what = counted(len(units), "document" if info.documents else "different sentence")
        return [f"Only {what}: too few for intervals, so there are no verdicts."]
    if info.documents or len(units) == info.sentences:
        return []
    return [
        (
            f"Of {counted(info.sentences, 'sentence')} {len(units):,} are different: one that "
            "comes again is no further evidence, in intervals and verdicts."
        )
    ]


def not_judged(relations: Sequence[Role]) -> list[str]:
    """A warning about relations that the pilot has none of."""
    if not relations:
        return []
    names = ", ".join(role.name for role in relations[:_NAMED])
    more = f" and {len(relations) - _NAMED} more" if len(relations) > _NAMED else ""
    return [
        (
            f"Not judged: {counted(len(relations), 'relation')} ({names}{more}) that the pilot's "
            "sentences don't have, on which their baselines are fitted."
        )
    ]
