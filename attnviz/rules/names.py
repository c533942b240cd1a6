"""The names of roles and statistics that a rule may speak of."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from attnviz.evidence.rules import PROBE
from attnviz.registry import discover
from attnviz.roles.role import CrossRole, Role, TargetRole
from attnviz.statistics.statistic import Statistic


@cache
def roles() -> tuple[str, ...]:
    """Every role and family of roles, and induction on random tokens."""
    return (*(role.name for role in _every_role()), PROBE)


@cache
def statistics() -> tuple[str, ...]:
    """Every statistic."""
    return tuple(each.name for each in discover("attnviz.statistics", "STATISTIC", Statistic))


@cache
def targets() -> tuple[str, ...]:
    """The roles that say of any sentence at which tokens each token would look."""
    return tuple(
        role.name
        for role in _every_role()
        if isinstance(role, TargetRole | CrossRole) and not role.chooses
    )


def is_one(name: str, known: Sequence[str]) -> bool:
    """Whether it is one of these names, or of a role in a family such as "dep:nsubj"."""
    if name in known:
        return True
    return any(role.name in known and role.includes(name) for role in _every_role())


def target(name: str) -> Role:
    """The role that has one of the names of `targets`."""
    return next(role for role in _every_role() if role.name == name)


def _every_role() -> Sequence[Role]:
    return discover("attnviz.roles", "ROLE", Role)
