"""What a score had to beat, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.report.numbers import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from attnviz.report.model import RoleInfo

_TITLES = {
    "": NOTHING,
    "chance": "uniform attention",
    "profile": "positional profile",
    "permuted": "permuted positions",
    "shuffled": "shuffled targets",
    "matched": "other words like it",
    "other segment": "the other segment at the same distance",
}


def baseline_title(name: str, roles: Iterable[RoleInfo]) -> str:
    """The words for a baseline, which may be another role; the name where none are known."""
    return _TITLES.get(name) or next((role.title for role in roles if role.name == name), name)
