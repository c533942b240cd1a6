"""The baselines that there are, and what tables call them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attnviz.baselines.baseline import Baseline, Watcher
from attnviz.registry import discover
from attnviz.roles.role import Role
from attnviz.text.types import Tokens


def baselines() -> dict[str, Baseline]:
    """Every baseline by its name."""
    every = discover("attnviz.baselines", "BASELINE", Baseline)
    return {baseline.name: baseline for baseline in every}


def watchers(
    roles: Sequence[Role], sentences: Sequence[Tokens], stream: str = ""
) -> dict[str, Watcher]:
    """What watches a run over the sentences for the baselines that the roles name, by these.

    Raises ValueError for a name that is neither a baseline's nor a role's.
    """
    known = baselines()
    others = {role.name for role in (*discover("attnviz.roles", "ROLE", Role), *roles)}
    named = {name: role.name for role in roles for name in role.baselines}
    for name, role in named.items():
        if name not in known and name not in others:
            raise ValueError(f"{role} must beat {name!r}, which is no baseline and no role")
    made: Mapping[str, Watcher | None] = {
        name: baseline.watch(sentences, stream)
        for name, baseline in known.items()
        if name in named and baseline.watch and stream in baseline.streams
    }
    return {name: watcher for name, watcher in made.items() if watcher is not None}


_titles: dict[str, str] = {}


def title_of(name: str) -> str:
    """What tables print for a baseline: its title, that of the role of this name, or the name."""
    if name not in _titles:  # new files are looked for where a name is
        roles = discover("attnviz.roles", "ROLE", Role)
        _titles.update({role.name: role.title for role in roles})
        _titles.update({name: baseline.title for name, baseline in baselines().items()})
    return _titles.get(name, name)
