"""Which sentences show what a role is: where a head shows it most, where it fails, and between.

They are chosen from the sums of the first run; `attnviz.observers.examples` then watches a run over
them alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, zip_longest

import numpy as np
from numpy.typing import NDArray

from attnviz.evidence.bootstrap import Array
from attnviz.evidence.gather import RoleColumns
from attnviz.findings.drawn_sentences import READABLE
from attnviz.observers.shown import EACH, HEAD_ROLES, ExampleSentence, HeadRole, Shows
from attnviz.observers.tables import ScoreTable
from attnviz.roles.role import Role
from attnviz.roles.variants import RoleVariant

EVENTS = 3
"""A sentence with fewer events is an example only where too few have as many."""

ENOUGH, NEAR = 20, 0.05
"""From so many sentences on there are some between, each nearer to its tenth than to others."""

Head = tuple[int, int]


@dataclass(frozen=True)
class SentenceSums:
    """The sums of a head and a role, each [sentence]."""

    mass: Array
    chance: Array
    events: Array

    @property
    def showing(self) -> Array:
        """How clearly each sentence shows the role, 0 to 1 [sentence].

        What its score exceeds chance by, as a share of what that of all sentences together does:
        1 is a sentence that shows it as the text does, or more.
        """
        excess = (self.mass - self.chance) / np.maximum(self.events, 1.0)
        typical = float((self.mass - self.chance).sum()) / max(float(self.events.sum()), 1.0)
        if typical <= 0.0:
            return np.zeros_like(excess)
        # Rounded, so that equals stay equals whichever kernel computed them.
        return np.asarray(np.clip(excess / typical, 0.0, 1.0).round(3))


def best_first(
    roles: Sequence[tuple[Role, Sequence[tuple[Head, str]]]], most: int = HEAD_ROLES
) -> list[HeadRole]:
    """At most so many pairs: of each role its best head, then of each its second, and so on.

    `roles` have their heads, the best first, each with the candidate that it chose.
    """
    by_role = [
        [HeadRole(*head, RoleVariant(role, variant)) for head, variant in players]
        for role, players in roles
    ]
    ranks = zip_longest(*by_role)
    return list(
        islice((head_role for rank in ranks for head_role in rank if head_role is not None), most)
    )


def example_sentences(
    head_role: HeadRole, sums: SentenceSums, lengths: Sequence[int], *, between: bool = False
) -> list[ExampleSentence]:
    """The sentences that show a head and a role: at most `EACH` of either kind, no sentence twice.

    By score - chance, of equals the first in the text; `lengths` [sentence] in tokens. Where those
    `between` are wanted and there are `ENOUGH`, also one at each tenth of all sentences: of the
    readable ones the nearest to it, as far as one is near.
    """
    events = np.maximum(sums.events, 1.0)
    # Rounded, so that equals stay equals whichever kernel computed them.
    excess = ((sums.mass - sums.chance) / events).round(6)
    able = _able(sums.events, np.array(lengths))
    most, least = (
        able[np.argsort(order, kind="stable")] for order in (-excess[able], excess[able])
    )
    shows = most[: min(EACH, (len(able) + 1) // 2)].tolist()
    rest = [at for at in least[: 2 * EACH].tolist() if at not in shows][:EACH]
    tenths: dict[int, int] = {}
    if between:
        tenths = _tenths(excess, np.flatnonzero(sums.events > 0), able, {*shows, *rest})
    chosen: list[tuple[int, Shows, int | None]] = [
        *((at, "most", None) for at in shows),
        *((at, "between", tenth) for tenth, at in tenths.items()),
        *((at, "least", None) for at in rest),
    ]
    return [
        ExampleSentence(
            head_role,
            at,
            kind,
            float(sums.mass[at] / events[at]),
            float(sums.chance[at] / events[at]),
            round(float(sums.events[at])),
            tenth,
        )
        for at, kind, tenth in chosen
    ]


def _tenths(
    excess: Array, there: NDArray[np.int64], able: NDArray[np.int64], taken: set[int]
) -> dict[int, int]:
    """A sentence for each tenth from 9 down, as far as one of the `able` is near and not `taken`.

    The tenths are those of all sentences that are `there`, by their `excess`.
    """
    if len(there) < ENOUGH:
        return {}
    order = there[np.argsort(excess[there], kind="stable")]
    rank = np.empty(len(excess))
    rank[order] = (np.arange(len(order)) + 0.5) / len(order)
    chosen: dict[int, int] = {}
    for tenth in range(9, 0, -1):
        left = np.array([at for at in able.tolist() if at not in taken], np.int64)
        away = np.abs(rank[left] - tenth / 10).round(6)
        if len(left) and away.min() <= NEAR:
            chosen[tenth] = int(left[away.argmin()])
            taken = {*taken, chosen[tenth]}
    return chosen


def _able(events: Array, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The sentences to choose from: readable ones with enough events, if there are enough."""
    few, many = READABLE
    readable = (few <= lengths) & (lengths <= many)
    enough = events >= EVENTS
    there = events > 0
    for able in (enough & readable, enough, there & readable):
        if able.sum() >= 2 * EACH:
            return np.flatnonzero(able)
    return np.flatnonzero(there)


class HeadRoleSums:
    """The sums of single pairs, sentence by sentence; `between` are those of roles on words."""

    def __init__(self, table: ScoreTable, between: Sequence[RoleColumns]) -> None:
        self._table = table
        self._between = {columns.role.name: columns.candidates[""] for columns in between}

    def __call__(self, head_role: HeadRole) -> SentenceSums:
        """The sums of a head and a role."""
        if head_role.role.name in self._between:
            sums = self._between[head_role.role.name]
            head = self._heads[head_role.layer, head_role.head]
            chance = sums.baselines["chance"]
            return SentenceSums(
                *(sums_of[:, head] for sums_of in (sums.score.mass, chance.mass, sums.score.events))
            )
        table = self._table
        layer = table.layers[table.numbers.index(head_role.layer)]
        column = table.place(head_role.role.name, head_role.column.variant)
        return SentenceSums(
            layer.mass[:, head_role.head, column],
            layer.chance[:, 0, column],
            layer.events[:, 0, column],
        )

    @cached_property
    def _heads(self) -> dict[Head, int]:
        return {head: index for index, head in enumerate(self._table.heads)}
