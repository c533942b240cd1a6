"""The baselines that there are, and what tables call them."""

from __future__ import annotations

from attnviz.baselines.baseline import Baseline
from attnviz.registry import discover
from attnviz.roles.role import Role


def baselines() -> dict[str, Baseline]:
    """Every baseline by its name."""
    every = discover("attnviz.baselines", "BASELINE", Baseline)
    return {baseline.name: baseline for baseline in every}


_titles: dict[str, str] = {}


def title_of(name: str) -> str:
    """What tables print for a baseline: its title, that of the role of this name, or the name."""
    if name not in _titles:  # new files are looked for where a name is
        roles = discover("attnviz.roles", "ROLE", Role)
        _titles.update({role.name: role.title for role in roles})
        _titles.update({name: baseline.title for name, baseline in baselines().items()})
    return _titles.get(name, name)
