"""What a verdict takes: margins and least evidence, the published ones or those of a run.

`--evidence induction=0.2,dep=0.15,sentences=20` names a role, all roles of a family, or a count.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from attnviz.errors import UsageError
from attnviz.registry import discover
from attnviz.roles.role import Role
from attnviz.values import Evidence, quoted

PROBE = "induction-probe"
"""What the margin of prefix matching on random tokens is called, which is no role of a text."""

PROBE_MARGIN = 0.1
"""By so much prefix matching must exceed the best baseline."""

_COUNTS = ("sentences", "events")
_MOST = 10**9


@dataclass(frozen=True, slots=True)
class Margin:
    """A margin that was set; `role` is a role's name, a family's, or `PROBE`."""

    role: str
    margin: float
    default: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What `supported` takes: so many `sentences` and `events`, and margins other than usual."""

    sentences: int = 50
    events: int = 100
    margins: tuple[Margin, ...] = ()

    def margin(self, role: str, default: float, family: str = "") -> float:
        """The margin of a role: its own, else its family's, else `default`."""
        named = {margin.role: margin.margin for margin in self.margins}
        return named.get(role, named.get(family, default))

    def applied(self, roles: Iterable[Role]) -> list[Role]:
        """The roles with the margins that they have under these rules."""
        return [
            replace(role, margin=self.margin(role.name, role.margin, role.family_name))
            for role in roles
        ]

    @property
    def given(self) -> Evidence:
        """What sets these rules again, in the order of the keys."""
        least = [
            (name, float(getattr(self, name)))
            for name in _COUNTS
            if getattr(self, name) != getattr(USUAL, name)
        ]
        return tuple(sorted([*least, *((margin.role, margin.margin) for margin in self.margins)]))


USUAL = Rules()
"""Every role with its own margin."""


def rules(evidence: Evidence) -> Rules:
    """The rules that a run was told.

    Raises UsageError for a key that is neither a role nor a count, with the nearest that is, and
    for a number that can't be.
    """
    roles = discover("attnviz.roles", "ROLE", Role)
    defaults = {role.name: role.margin for role in roles} | {PROBE: PROBE_MARGIN}
    counts, margins = {}, []
    for key, number in evidence:
        if key in _COUNTS:
            counts[key] = _count(key, number)
            continue
        family = _family(key, roles)
        if (family or key) not in defaults:
            raise _unknown(key, defaults)
        if not 0 <= number < 1:
            raise UsageError(f"evidence: the margin of {key} is {number:g}.", "Use 0 to below 1.")
        margins.append(Margin(key, number, defaults[family or key]))
    # As usual is no news, unless the family is not.
    unusual = {margin.role for margin in margins if margin.margin != margin.default}
    told = (
        margin
        for margin in margins
        if margin.role in unusual or _family(margin.role, roles) in unusual
    )
    return Rules(margins=tuple(sorted(told, key=lambda margin: margin.role)), **counts)


def idle(rules: Rules, roles: Sequence[Role]) -> list[str]:
    """A warning for each margin of a relation that `roles`, those of a text, don't have.

    None where the text has no relations at all: then the report says that of all of them.
    """
    names = {role.name for role in roles}
    met = {role.family_name for role in roles if role.family_name}
    every = discover("attnviz.roles", "ROLE", Role)
    return [
        f"A margin was set for {margin.role}, and there is no such role on this text: a relation "
        "counts as one from a least number of occurrences on."
        for margin in rules.margins
        if _family(margin.role, every) in met and margin.role not in names
    ]


def _family(name: str, roles: Iterable[Role]) -> str:
    """The family that a role of that name would be of, "" for none."""
    return next((role.name for role in roles if role.includes(name)), "")


def _count(key: str, number: float) -> int:
    if number != int(number) or not 1 <= number <= _MOST:
        raise UsageError(
            f"evidence: {key} is {number:g}.", f"Use a whole number from 1 to {_MOST:,}."
        )
    return int(number)


def _unknown(key: str, defaults: Mapping[str, float]) -> UsageError:
    known = [*_COUNTS, *defaults]
    near = difflib.get_close_matches(key.lower(), known, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Keys are: {', '.join(sorted(known))}."
    return UsageError(f"evidence: there is no role or count {quoted(key)}.", hint)
