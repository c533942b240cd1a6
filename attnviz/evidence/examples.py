"""Which sentences show what a role is: those where a head shows it most, and where it fails most.

They are chosen from the sums of the first run; `attnviz.evidence.exemplars` then watches a run over
them alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, zip_longest

import numpy as np
from numpy.typing import NDArray

from attnviz.attention.words import WordTable
from attnviz.evidence.gather import RoleColumns
from attnviz.evidence.illustrate import READABLE
from attnviz.evidence.scores import Array, Column, ScoreTable
from attnviz.roles.role import ArcRule, Role
from attnviz.text.types import Tokens

PLAYS = 120
"""Pairs of a head and a role that get examples: the best head of each role first."""

EACH = 2
"""Sentences where the role shows most, and as many where it fails most."""

EVENTS = 3
"""A sentence with fewer events is an example only where too few have as many."""

Head = tuple[int, int]


@dataclass(frozen=True)
class Play:
    """A head that has a role; `column` is the role's, with the candidate that the head chose."""

    layer: int
    head: int
    column: Column

    @property
    def role(self) -> Role:
        """The role."""
        return self.column.role


@dataclass(frozen=True)
class Wanted:
    """A sentence that shows a play: where the role shows `most`, or else fails most.

    `score` and `chance` are the role's in this sentence, over `events`.
    """

    play: Play
    place: int
    most: bool
    score: float
    chance: float
    events: int


@dataclass(frozen=True)
class BySentence:
    """One play's sums, each [sentence]."""

    mass: Array
    chance: Array
    events: Array


def best_first(
    roles: Sequence[tuple[Role, Sequence[tuple[Head, str]]]], most: int = PLAYS
) -> list[Play]:
    """At most so many plays: of each role its best head, then of each its second, and so on.

    `roles` have their heads, the best first, each with the candidate that it chose.
    """
    by_role = [
        [Play(*head, Column(role, variant)) for head, variant in players] for role, players in roles
    ]
    ranks = zip_longest(*by_role)
    return list(islice((play for rank in ranks for play in rank if play is not None), most))


def wanted(play: Play, sums: BySentence, lengths: Sequence[int]) -> list[Wanted]:
    """The sentences that show a play: at most `EACH` of either kind, no sentence twice.

    By score - chance, of equals the first in the text; `lengths` [sentence] in tokens.
    """
    events = np.maximum(sums.events, 1.0)
    # Rounded, so that equals stay equals whichever kernel computed them.
    excess = ((sums.mass - sums.chance) / events).round(6)
    able = _able(sums.events, np.array(lengths))
    most, least = (able[np.argsort(one, kind="stable")] for one in (-excess[able], excess[able]))
    shows = most[: min(EACH, (len(able) + 1) // 2)].tolist()
    rest = [at for at in least[: 2 * EACH].tolist() if at not in shows][:EACH]
    return [
        Wanted(
            play,
            at,
            at in shows,
            float(sums.mass[at] / events[at]),
            float(sums.chance[at] / events[at]),
            round(float(sums.events[at])),
        )
        for at in (*shows, *rest)
    ]


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


class PlaySums:
    """The sums of single plays, sentence by sentence; `between` are those of roles on words."""

    def __init__(self, table: ScoreTable, between: Sequence[RoleColumns]) -> None:
        self._table = table
        self._between = {columns.role.name: columns.candidates[""] for columns in between}

    def __call__(self, play: Play) -> BySentence:
        """A play's sums."""
        if play.role.name in self._between:
            sums = self._between[play.role.name]
            head = self._heads[play.layer, play.head]
            chance = sums.baselines["chance"]
            return BySentence(
                *(one[:, head] for one in (sums.score.mass, chance.mass, sums.score.events))
            )
        table = self._table
        layer = table.layers[table.numbers.index(play.layer)]
        column = table.place(play.role.name, play.column.variant)
        return BySentence(
            layer.mass[:, play.head, column], layer.chance[:, 0, column], layer.events[:, 0, column]
        )

    @cached_property
    def _heads(self) -> dict[Head, int]:
        return {head: index for index, head in enumerate(self._table.heads)}


def right(
    rule: ArcRule, tokens: Tokens, words: WordTable | None, place: int
) -> Mapping[int, frozenset[int]]:
    """The units that each unit of a sentence should look at, as far as a head can follow.

    `rule` is that of a role between words.
    """
    annotation = tokens.sentence.annotation
    if annotation is None or words is None:
        return {}
    found: dict[int, set[int]] = {}
    arcs = [(place, *arc) for arc in rule(annotation)]
    for _, one, two in words.followed(arcs).tolist():
        found.setdefault(one, set()).add(two)
    return {one: frozenset(others) for one, others in sorted(found.items())}
