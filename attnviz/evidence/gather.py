"""From the score table to one set of sums a role: candidates chosen, baselines beside them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from attnviz.evidence import bootstrap
from attnviz.evidence.bootstrap import ratio
from attnviz.evidence.profile import Profile
from attnviz.evidence.scores import Array, Column, ScoreTable
from attnviz.roles.role import Role, chooses
from attnviz.text.types import Tokens

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Sums:
    """A score before division, two arrays [sentence, head]: mass and the events it is over."""

    mass: Array
    events: Array

    def pooled(self, weights: Array) -> Array:
        """The score with sentences weighted by [resample, sentence]: [resample, head]."""
        mass, events = summed(weights, stored(self.mass)), summed(weights, stored(self.events))
        score = ratio(mass, events)
        return np.broadcast_to(score, (len(score), self.mass.shape[1]))

    def interval(self, weights: Array) -> tuple[Array, Array]:
        """Of the whole score, from resamples with `weights` [resample, sentence]: two [head].

        NaN where fewer sentences than `bootstrap.FEWEST` have an event.
        """
        low, high = bootstrap.of_ratio(self.pooled(weights), self.mass, self.events)
        few = self.present.sum(0) < bootstrap.FEWEST
        low[few] = high[few] = np.nan
        return low, high

    @property
    def present(self) -> Array:
        """1 where there is an event, [sentence, head]."""
        return once(lambda events: (events > 0).astype(np.float64), self.events)

    def of(self, there: Bools) -> Sums:
        """The same in some of the sentences."""
        return Sums(_of(self.mass, there), _of(self.events, there))


def summed(weights: Array, values: Array) -> Array:
    """`weights` [resample, sentence] @ `values`, [resample, head].

    Transposed, for the bootstrap's weights lie sentence by sentence: that takes half the time.
    """
    found: Array = (values.T @ weights.T).T
    return found


def _of(values: Array, there: Bools) -> Array:
    return once(lambda rows: rows[there], values)


def stored(values: Array) -> Array:
    """The columns of values [sentence, head] that are stored: one where all heads share it."""
    return values[:, :1] if values.strides[1] == 0 and values.size > 0 else values


def once(change: Callable[[Array], Array], values: Array) -> Array:
    """Values [sentence, head] after a change of rows, made once where all heads share them."""
    changed = change(stored(values))
    return np.broadcast_to(changed, (len(changed), values.shape[1]))


def sharing(values: Array) -> Array:
    """The same values, stored once where all heads have them in common."""
    if (values == values[:, :1]).all():
        return np.broadcast_to(values[:, :1], values.shape)
    return values


@dataclass(frozen=True)
class RoleSums:
    """One role's score and, by name, everything it has to beat, "chance" first.

    `variants[head]` is the candidate chosen, "" where the role has none or the halves disagree.
    Rows are sentences, or units of several (`attnviz.evidence.units`); then `present` [unit, head]
    counts the sentences of each that have an event. `on_target` [half, head] is, of roles between
    words, the attention that their words put on the right ones.
    """

    role: Role
    score: Sums
    baselines: Mapping[str, Sums]
    variants: tuple[str, ...]
    present: Array | None = None
    on_target: Array | None = None

    @property
    def sentences(self) -> Array:
        """How many sentences of each row have an event, [sentence or unit, head]."""
        return self.score.present if self.present is None else self.present

    @property
    def there(self) -> Bools:
        """The sentences with an event of the role or of a baseline: of most relations, few."""
        every = (self.score, *self.baselines.values())
        found: Bools = np.any([stored(sums.events).any(1) for sums in every], axis=0)
        return found

    def of(self, there: Bools) -> RoleSums:
        """The same in some of the sentences."""
        baselines = {name: sums.of(there) for name, sums in self.baselines.items()}
        present = None if self.present is None else _of(self.present, there)
        return replace(self, score=self.score.of(there), baselines=baselines, present=present)


def gather(
    table: ScoreTable,
    sentences: Sequence[Tokens],
    profile: Profile | None,
    measured: Mapping[str, Array] = MappingProxyType({}),
) -> list[RoleSums]:
    """The sums of every role of the table, in the table's order.

    `measured` are baselines that have an observer of their own, mass [sentence, head] by name.
    """
    mass, permuted, chance, events = (
        table.over_heads(name) for name in ("mass", "permuted", "chance", "events")
    )
    half = np.array([tokens.sentence.half for tokens in sentences])
    found: dict[str, RoleSums] = {}
    for columns, places in _by_role(table.columns):
        role = columns[0].role
        if chooses(role):
            chosen, variants = _choose(mass[..., places], events[..., places], columns, half)
            picked = [
                np.take_along_axis(array[..., places], chosen[..., None], axis=-1)[..., 0]
                for array in (mass, permuted, chance, events)
            ]
        else:
            variants = ("",) * mass.shape[1]
            picked = [array[..., places[0]].copy() for array in (mass, permuted, chance, events)]
        picked = [sharing(array) for array in picked]
        baselines = {"chance": Sums(picked[2], picked[3])}
        for name in ("permuted", "shuffled", "matched"):
            if name in role.baselines:
                baselines[name] = Sums(picked[1], picked[3])
        if "profile" in role.baselines and profile is not None:
            there = stored(picked[3]).max(1) > 0
            expected = _by_profile(columns[0], sentences, there, profile)
            baselines["profile"] = Sums(expected, picked[3])
        baselines |= {
            name: Sums(other, picked[3])
            for name, other in measured.items()
            if name in role.baselines
        }
        found[role.name] = RoleSums(role, Sums(picked[0], picked[3]), baselines, variants)
    return [_with_rivals(one, found) for one in found.values()]


def _by_role(columns: Sequence[Column]) -> list[tuple[list[Column], list[int]]]:
    groups: dict[str, tuple[list[Column], list[int]]] = {}
    for place, column in enumerate(columns):
        members, places = groups.setdefault(column.role.name, ([], []))
        members.append(column)
        places.append(place)
    return list(groups.values())


def _choose(
    mass: Array, events: Array, columns: Sequence[Column], half: NDArray[np.int64]
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Which candidate counts for each [sentence, head]: the best on the half it is not in.

    Where that half is empty there is nothing else to choose on than the sentences themselves.
    """
    best = np.zeros((2, mass.shape[1]), dtype=np.int64)
    for side in (0, 1):
        rows = half == side if events[half == side].any() else half != side
        score = ratio(mass[rows].sum(0), events[rows].sum(0))
        best[side] = np.nan_to_num(score, nan=-1.0).argmax(-1)
    variants = tuple(columns[one].variant if one == other else "" for one, other in best.T.tolist())
    return best[1 - half], variants


def _by_profile(
    column: Column, sentences: Sequence[Tokens], there: Bools, profile: Profile
) -> Array:
    """What each head's profile alone would put on the target, [sentence, head].

    Only sentences that are `there`, with an event, have a target to look for.
    """
    alike: dict[tuple[int, int], list[int]] = defaultdict(list)
    for place in np.flatnonzero(there).tolist():
        tokens = sentences[place]
        alike[len(tokens), tokens.sentence.half].append(place)
    found = np.zeros((len(sentences), profile.by_offset.shape[1]))
    for (size, half), places in alike.items():
        targets = [column.target(sentences[place]) for place in places]
        stated = [target for target in targets if target is not None]
        if len(stated) < len(targets):
            raise TypeError(f"{column.role.name} has no target to hold against a profile")
        found[places] = profile.expect(stated, size, half)
    return found


def _with_rivals(one: RoleSums, found: Mapping[str, RoleSums]) -> RoleSums:
    rivals = {name: found[name].score for name in one.role.baselines if name in found}
    return RoleSums(one.role, one.score, {**one.baselines, **rivals}, one.variants)
