"""The warnings of a text that is little evidence, and of relations that can't be judged."""

from __future__ import annotations

from collections.abc import Sequence

from attnviz.evidence.bootstrap import FEWEST
from attnviz.evidence.rules import Rules
from attnviz.measurement.source import InputInfo
from attnviz.measurement.units import Units
from attnviz.report.numbers import counted
from attnviz.roles.role import Role

_NAMED = 5
"""Relations that a warning names."""


def little_evidence(units: Units, info: InputInfo, rules: Rules) -> list[str]:
    """A warning where there are few units of evidence, or fewer than sentences.

    And one where sentences are fewer than `rules` ask for. Of more units than are kept apart
    nobody knows how many are different.
    """
    if info.sentences < FEWEST:
        return [
            (
                f"Only {counted(info.sentences, 'sentence')}: too few for intervals, so there are "
                f"no verdicts. Five give the first; {counted(rules.sentences, 'sentence')} and "
                f"{counted(rules.events, 'event')} are what a role takes to be beyond doubt."
            )
        ]
    if units.grouped:
        return []
    if len(units) < FEWEST:
        what = counted(len(units), "document" if info.documents else "different sentence")
        return [f"Only {what}: too few for intervals, so there are no verdicts."]
    told = []
    if (lack := rules.sentences - info.sentences) > 0:
        told.append(
            f"Only {counted(info.sentences, 'sentence')}: no role can be beyond doubt (supported), "
            f"which takes {counted(rules.sentences, 'sentence')} with tokens that look for it, so "
            f"{lack} more at least, and {counted(rules.events, 'event')}. Roles are tentative."
        )
    if info.documents or len(units) == info.sentences:
        return told
    return [
        *told,
        (
            f"Of {counted(info.sentences, 'sentence')} {len(units):,} are different: one that "
            "comes again is no further evidence, in intervals and verdicts."
        ),
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
