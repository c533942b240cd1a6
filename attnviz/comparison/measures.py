"""What is compared: each number of every head, as sums over the same units on both sides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from attnviz.evidence.bootstrap import Array
from attnviz.evidence.gather import Sums, once, stored
from attnviz.measurement.units import Ids, Rows, Units

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Measure:
    """One number: a role's score, or the mean of a statistic, whose `role` is "".

    `before` and `after` are sums [unit, head] over the same units, zero where a side lacks one;
    `sentences` [head] on either side count those with an event.
    """

    role: str
    name: str
    unit: str
    before: Sums
    after: Sums
    sentences: tuple[Array, Array]

    def matched(self, before: Sequence[int], after: Sequence[int]) -> Measure:
        """The same of heads and their counterparts, by their places among all of each side."""
        mine, others = np.array(before, np.int64), np.array(after, np.int64)
        counts = self.sentences
        return replace(
            self,
            before=_of_heads(self.before, mine),
            after=_of_heads(self.after, others),
            sentences=(counts[0][mine], counts[1][others]),
        )

    @property
    def there(self) -> NDArray[np.bool_]:
        """The units with an event on either side, [unit]."""
        there: NDArray[np.bool_] = np.any(
            [stored(side.events).any(1) for side in (self.before, self.after)], axis=0
        )
        return there


def _of_heads(sums: Sums, heads: Ints) -> Sums:
    """Some of the heads; those that share their events still do."""

    def kept(values: Array) -> Array:
        if stored(values).shape[1] < values.shape[1]:
            return np.broadcast_to(stored(values), (len(values), len(heads)))
        return values[:, heads]

    return Sums(kept(sums.mass), kept(sums.events))


@dataclass(frozen=True, eq=False)
class SharedUnits:
    """The units of two measurements together, and how the sums of either are moved there.

    `paired` where both have the same, `shared` counts those that both have.
    """

    ids: Ids
    paired: bool
    shared: int
    grouped: bool
    before: Callable[[Array], Array]
    after: Callable[[Array], Array]

    @classmethod
    def of(cls, before: Units, after: Units) -> SharedUnits:
        """Those of two measurements, alike if their sentences are, whatever their files' names."""
        if not (before.grouped or after.grouped):
            after = replace(after, ids=_renamed(before, after))
        shared = _shared(before, after)
        joined, mine, others = before.joined(after)
        return cls(
            ids=joined.ids,
            paired=shared == len(before) == len(after),
            shared=shared,
            grouped=joined.grouped,
            before=_mover(mine, len(joined)),
            after=_mover(others, len(joined)),
        )


def _shared(before: Units, after: Units) -> int:
    """How many units both have, with the same sentences."""
    if before.grouped != after.grouped:
        return 0
    mine, others = (
        set(zip(units.ids.tolist(), units.digests.tolist(), strict=True))
        for units in (before, after)
    )
    return len(mine & others)


def _renamed(before: Units, after: Units) -> Ids:
    """The ids of the units of after, where before has the same sentences its own.

    A document's id depends on the name of its file, what it holds does not.
    """
    mine, others = _places(before), _places(after)
    ids = after.ids.copy()
    for digest, places in others.items():
        if len(mine.get(digest, ())) == len(places):
            ids[places] = before.ids[mine[digest]]
    return ids


def _places(units: Units) -> dict[int, list[int]]:
    """Where units with each digest stand."""
    places: dict[int, list[int]] = {}
    for at, digest in enumerate(units.digests.tolist()):
        places.setdefault(digest, []).append(at)
    return places


def _mover(rows: Rows, units: int) -> Callable[[Array], Array]:
    """Moves sums [row, head] to so many units, each row to one of `rows`; several add up."""

    def moved(values: Array) -> Array:
        out = np.zeros((units, values.shape[1]))
        np.add.at(out, rows, values)
        return out

    return moved


def moved(sums: Sums, move: Callable[[Array], Array]) -> Sums:
    """Sums in the rows of both measurements."""
    return Sums(once(move, sums.mass), once(move, sums.events))
