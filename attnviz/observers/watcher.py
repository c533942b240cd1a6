"""What watches a run for a baseline that has to learn a head's habits first."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from attnviz.attention.observer import Observer
from attnviz.baselines.baseline import Kept
from attnviz.baselines.known import baselines
from attnviz.measurement.pilot import Fit
from attnviz.registry import discover
from attnviz.roles.role import Role
from attnviz.text.types import Tokens


class Watcher(Observer, ABC):
    """Observes a run for a baseline."""

    @abstractmethod
    def fit(self) -> Fit:
        """What was learned from all that was seen."""

    def kept(self) -> Kept | None:
        """What scoring needs of each sentence seen, [head, token]; None: a fit says everything."""
        return None


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What a file of this room declares as `WATCH`: the watcher of the baseline of that name.

    `make` takes the sentences of a run and the stream; None where there is nothing to see in them.
    """

    name: str
    make: Callable[[Sequence[Tokens], str], Watcher | None]


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
        watch.name: watch.make(sentences, stream)
        for watch in discover("attnviz.observers", "WATCH", Watch)
        if watch.name in named and stream in known[watch.name].streams
    }
    return {name: watcher for name, watcher in made.items() if watcher is not None}
