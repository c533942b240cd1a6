"""Sums of roles, row by row: those of every candidate, and, chosen from them, one set a role."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from attnviz.baselines.gold import Coverage
from attnviz.evidence import bootstrap
from attnviz.evidence.bootstrap import Array, ratio
from attnviz.roles.role import Role

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


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

    def changed(self, change: Callable[[Array], Array]) -> Sums:
        """The same after a change of rows."""
        return Sums(once(change, self.mass), once(change, self.events))


def summed(weights: Array, values: Array) -> Array:
    """`weights` [resample, sentence] @ `values`, [resample, head].

    Transposed, for the bootstrap's weights lie sentence by sentence: that takes half the time.
    """
    sums: Array = (values.T @ weights.T).T
    return sums


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
class Candidate:
    """The sums of a role with one of its targets: its score and, by name, baselines beside it.

    "chance" is the first of these. `present` [row, head] counts the sentences with an event.
    """

    score: Sums
    baselines: Mapping[str, Sums]
    present: Array


@dataclass(frozen=True)
class RoleColumns:
    """All sums of a role, with nothing chosen: rows are sentences, or units of several.

    `candidates` are the role's, "" alone where there is one target. Of roles between words
    `choices` are, by baseline, the candidates of which the best counts, each mass and events
    [row, 1], for they know no head; `on_target` [row, head] is the attention that their words put
    on the right ones, and `coverage` counts their arcs.
    """

    role: Role
    candidates: Mapping[str, Candidate]
    choices: Mapping[str, Mapping[str, Sums]] = field(default_factory=dict)
    on_target: Array | None = None
    coverage: Coverage | None = None

    def changed(self, change: Callable[[Array], Array]) -> RoleColumns:
        """The same after a change of rows, such as adding up the sentences of each unit."""
        return replace(
            self,
            candidates={
                name: Candidate(
                    candidate.score.changed(change),
                    {of: sums.changed(change) for of, sums in candidate.baselines.items()},
                    once(change, candidate.present),
                )
                for name, candidate in self.candidates.items()
            },
            choices={
                name: {choice: sums.changed(change) for choice, sums in choices.items()}
                for name, choices in self.choices.items()
            },
            on_target=None if self.on_target is None else once(change, self.on_target),
        )


@dataclass(frozen=True)
class RoleSums:
    """One role's score and, by name, everything it has to beat, "chance" first.

    `variants[head]` is the candidate chosen, "" where the role has none or the halves disagree.
    Rows are sentences, or units of several (`attnviz.measurement.units`); then `present` [unit,
    head] counts the sentences of each that have an event. `on_target` [row, head] is, of roles
    between words, the attention that their words put on the right ones.
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
        """The rows with an event of the role or of a baseline: of most relations, few."""
        every = (self.score, *self.baselines.values())
        there: Bools = np.any([stored(sums.events).any(1) for sums in every], axis=0)
        return there

    def of(self, there: Bools) -> RoleSums:
        """The same in some of the rows."""

        def kept(rows: Array) -> Array:
            return rows[there]

        return replace(
            self,
            score=self.score.changed(kept),
            baselines={name: sums.changed(kept) for name, sums in self.baselines.items()},
            present=None if self.present is None else once(kept, self.present),
            on_target=None if self.on_target is None else once(kept, self.on_target),
        )


def choose(columns: Sequence[RoleColumns], half: Ints) -> list[RoleSums]:
    """One set of sums for each role: candidates chosen by halves, everything to beat beside them.

    `half` [row] is 0 or 1. A role that another names among its baselines is one of these, if it is
    among the columns.
    """
    chosen = {role.role.name: _chosen(role, half) for role in columns}
    return [_with_rivals(sums, chosen) for sums in chosen.values()]


def _chosen(columns: RoleColumns, half: Ints) -> RoleSums:
    score, baselines, present, variants = _candidate(columns, half)
    heads = score.mass.shape[1]
    for name, choices in columns.choices.items():
        sums = [*choices.values()]
        hits = np.concatenate([choice.mass for choice in sums], axis=1)  # [row, choice]
        best = sums[best_of_both(hits, half)]
        baselines[name] = Sums(_spread(best.mass, heads), _spread(best.events, heads))
    return RoleSums(columns.role, score, baselines, variants, present, columns.on_target)


def _candidate(
    columns: RoleColumns, half: Ints
) -> tuple[Sums, dict[str, Sums], Array, tuple[str, ...]]:
    """Score, baselines and presence of the candidate that counts for each row and head."""
    names, candidates = [*columns.candidates], [*columns.candidates.values()]
    if len(candidates) == 1:
        (only,) = candidates
        return only.score, {**only.baselines}, only.present, ("",) * only.score.mass.shape[1]
    best = _best(candidates, half)
    picked = best[1 - half]  # [row, head]

    def pick(arrays: Sequence[Array]) -> Array:
        every = np.stack(arrays, axis=-1)
        return sharing(np.take_along_axis(every, picked[..., None], axis=-1)[..., 0])

    events = pick([candidate.score.events for candidate in candidates])
    return (
        Sums(pick([candidate.score.mass for candidate in candidates]), events),
        {
            name: Sums(pick([candidate.baselines[name].mass for candidate in candidates]), events)
            for name in candidates[0].baselines
        },
        pick([candidate.present for candidate in candidates]),
        tuple(names[first] if first == other else "" for first, other in best.T.tolist()),
    )


def _best(candidates: Sequence[Candidate], half: Ints) -> Ints:
    """The best candidate of each half, [half, head]; of a half without events the other's.

    The one that counts for a row is that of the half it is not in. Where that half is empty there
    is nothing else to choose on than the rows themselves.
    """
    best = np.zeros((2, candidates[0].score.mass.shape[1]), dtype=np.int64)
    met = [
        any(stored(candidate.score.events)[half == side].any() for candidate in candidates)
        for side in (0, 1)
    ]
    for side in (0, 1):
        rows = half == side if met[side] else half != side
        scores = [
            ratio(candidate.score.mass[rows].sum(0), candidate.score.events[rows].sum(0))
            for candidate in candidates
        ]
        best[side] = np.nan_to_num(np.stack(scores, axis=-1), nan=-1.0).argmax(-1)
    return best


def best_of_both(hits: Array, half: Ints) -> int:
    """Of the candidates that either half chooses, the one with more hits [row, candidate].

    Of a rare relation the halves choose by a handful of arcs, and scored on the other half alone
    either choice may get nothing where a candidate is right in a third of cases. Equals on a half
    are told apart by the hits on both, so that no tie makes a baseline weaker; a half without any
    hit leaves the choice to the other.
    """
    total = hits.sum(0)
    chosen = [int(np.lexsort((total, hits[half == side].sum(0)))[-1]) for side in (0, 1)]
    return max(chosen, key=lambda candidate: total[candidate])


def _spread(values: Array, heads: int) -> Array:
    """The same for every head, without room for each."""
    return np.broadcast_to(values, (len(values), heads))


def _with_rivals(sums: RoleSums, others: Mapping[str, RoleSums]) -> RoleSums:
    """The same with the scores of the roles that it must beat, in the order that the role names."""
    every = {name: rival.score for name, rival in others.items()} | {**sums.baselines}
    named = ("chance", *sums.role.baselines)
    return replace(sums, baselines={name: every[name] for name in named if name in every})
