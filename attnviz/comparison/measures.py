"""What is compared: each number of every head, as sums over the same units on both sides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from attnviz.evidence.bootstrap import Array
from attnviz.evidence.gather import Sums, once, stored
from attnviz.measurement.units import Ids, Rows, Units

SAME = 1e-5
"""Numbers that differ by less, those above 1 by less in proportion, differ by rounding: the same
model in other batches, or with its heads in another order."""

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Measure:
    """One number: a role's score, or the mean of a statistic, whose `role` is "".

    `before` and `after` are sums [unit, head] over the same units, zero where a side lacks one;
    `sentences` [head] on either side count those with an event. `same_as` names the role or
    statistic that has the same numbers, and tells them: see `told_once`.
    """

    role: str
    name: str
    unit: str
    before: Sums
    after: Sums
    sentences: tuple[Array, Array]
    same_as: str = ""

    @property
    def subject(self) -> str:
        """The role, or the statistic."""
        return self.role or self.name

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


def told_once(every: Sequence[Measure]) -> list[Measure]:
    """The measures, those that are one fact marked with the one that tells it.

    They are one where their numbers are the same, in every unit of every head, before and after:
    the first token and CLS in an encoder, broad and the normalised entropy. A statistic tells what
    a role of its numbers says; of several roles the first.
    """
    ordered = sorted(every, key=lambda measure: bool(measure.role))  # stable: statistics lead
    leading: list[Measure] = []
    same_as: dict[str, str] = {}
    for measure in ordered:
        leads = next((other for other in leading if _same(measure, other)), None)
        if leads is None:
            leading.append(measure)
        elif measure.role:  # statistics are told, each by itself
            same_as[measure.subject] = leads.subject
    return [replace(measure, same_as=same_as.get(measure.subject, "")) for measure in every]


def _same(measure: Measure, other: Measure) -> bool:
    """Whether two measures have the same numbers, but for rounding."""
    sides = [(measure.before, other.before), (measure.after, other.after)]
    means = [(_summed(mine), _summed(others)) for mine, others in sides]  # most differ there
    return all(_close(*side) for side in means) and all(_close(*side) for side in sides)


def _summed(sums: Sums) -> Sums:
    return Sums(sums.mass.sum(0), sums.events.sum(0))


def _close(mine: Sums, others: Sums) -> bool:
    first, second = (
        np.where(of.events > 0, of.mass / np.where(of.events > 0, of.events, 1.0), -1.0)
        for of in (mine, others)
    )
    return bool(np.allclose(first, second, rtol=0.0, atol=SAME))


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
