"""Rewrites the bounds of rules that fail, after a change that was meant."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from attnviz.errors import UsageError
from attnviz.rules.bounds import SAME, Bounds
from attnviz.rules.lines import Lines
from attnviz.rules.read import RuleFile
from attnviz.rules.rule import GroupOf, RoleOf, Rule
from attnviz.rules.verdict import Measured, Verdict

ROOM = 0.1
"""What is no estimate gets a bound by this share of it away; an estimate one by its interval."""

_NUMBER = r"[+-]?[0-9_.]+(?:[eE][+-]?[0-9]+)?"
_STEP = 1000


@dataclass(frozen=True, slots=True)
class Change:
    """A bound that was rewritten: the rule's name, its key, and what it was and is."""

    rule: str
    key: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.key} = {self.new}, was {self.old}"


def updated(rules: RuleFile, verdicts: Sequence[Verdict]) -> tuple[str, tuple[Change, ...]]:
    """The source of a rule file with bounds that hold of what was measured, and what changed.

    Rules that don't fail stay, and so do conditions without a bound of their own: what `more_than`
    and `verdict` ask. UsageError where rules stand in a list, in which no line is one rule's.
    """
    lines, places = rules.source.split("\n"), Lines(rules.source)
    changes: list[Change] = []
    for number, rule in enumerate(rules.rules):
        of_rule = [verdict for verdict in verdicts if verdict.rule == rule.name]
        if not any(verdict.status in ("failed", "warned") for verdict in of_rule):
            continue
        if not places.in_tables:
            raise UsageError(
                f"{rules.name}: rules in a list are not rewritten.",
                "Write each rule below a line [[rule]].",
            )
        measured = [verdict.measured for verdict in of_rule if verdict.measured]
        for key, new in _bounds(rule.bounds, measured).items():
            place = places.key(number, f"{_table(rule)}{key}")
            stretch = slice(place.first - 1, place.last)
            text = "\n".join(lines[stretch])
            value = r"\[[^\]]*\]" if key == "in" else _NUMBER
            old = re.search(rf"(?<![\w-]){key}[\"']?\s*=\s*({value})", text)
            if old is not None and old[1] != new:
                changes.append(Change(rule.name, key, old[1], new))
                text = text[: old.start(1)] + new + text[old.end(1) :]
                lines[stretch] = text.split("\n")
    return "\n".join(lines), tuple(changes)


def _table(rule: Rule) -> str:
    """The table that holds the conditions, as "count."; "" where they stand in the rule itself."""
    match rule.subject:
        case GroupOf(group):
            return f"{group}."
        case RoleOf(count=True):
            return "count."
    return ""


def _bounds(bounds: Bounds, measured: Sequence[Measured]) -> dict[str, str]:
    """What the conditions that don't hold have to be, by key."""
    least = min(_end(each, each.low) for each in measured)
    most = max(_end(each, each.high) for each in measured)
    whole = all(not each.name for each in measured)
    room = 0.0 if whole else sum(map(_room, measured)) / len(measured)
    low, high = _shown(least - room, math.floor), _shown(most + room, math.ceil)
    new: dict[str, str] = {}
    # Strictly above or below is not what a count itself is.
    strict = 1.0 if whole else 0.0
    if bounds.gt is not None and least <= bounds.gt:
        new["gt"] = _shown(float(low) - strict, math.floor)
    if bounds.gte is not None and least < bounds.gte:
        new["gte"] = low
    if bounds.lt is not None and most >= bounds.lt:
        new["lt"] = _shown(float(high) + strict, math.ceil)
    if bounds.lte is not None and most > bounds.lte:
        new["lte"] = high
    if bounds.within is not None and not (bounds.within[0] <= least <= most <= bounds.within[1]):
        new["in"] = f"[{low}, {high}]"
    if bounds.eq is not None and max(abs(least - bounds.eq), abs(most - bounds.eq)) > SAME:
        new["eq"] = f"{measured[0].number:.7g}"
    if bounds.approx is not None and not Bounds(
        approx=bounds.approx, rel=bounds.rel, abs=bounds.abs
    ).hold(least, most):
        new["approx"] = f"{(least + most) / 2:.4g}"
    return new


def _end(measured: Measured, end: float | None) -> float:
    return measured.number if end is None else end


def _room(measured: Measured) -> float:
    low, high = _end(measured, measured.low), _end(measured, measured.high)
    return high - low if high > low else ROOM * abs(measured.number)


def _shown(value: float, away: Callable[[float], int]) -> str:
    """A bound with three decimals at most, rounded `away` from what was measured."""
    return f"{max(away(round(value * _STEP, 6)) / _STEP, 0.0):g}"
