"""What shows a role: a head that has it, a sentence, and a query of that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from attnviz.roles.role import Role
from attnviz.roles.variants import RoleVariant


@dataclass(frozen=True)
class HeadRole:
    """A head that has a role; `column` is the role's, with the candidate that the head chose."""

    layer: int
    head: int
    column: RoleVariant

    @property
    def role(self) -> Role:
        """The role."""
        return self.column.role


Shows = Literal["most", "between", "least"]
"""Where the example of a role is from: an end of all sentences, or a tenth between."""


@dataclass(frozen=True)
class ExampleSentence:
    """A sentence that shows a role of a head most, or least, or as one in between does.

    `score` and `chance` are the role's in this sentence, over `events`. Of those between, so many
    tenths of all sentences show it less.
    """

    head_role: HeadRole
    place: int
    shows: Shows
    score: float
    chance: float
    events: int
    tenth: int | None = None


HEAD_ROLES = 120
"""Pairs of a head and a role that get examples: the best head of each role first."""

EACH = 2
"""Sentences where the role shows most, and as many where it fails most."""

RANGES = 24
"""Roles whose best head gets sentences from the whole range between, too: one a tenth."""

Floats = NDArray[np.float32]

Places = tuple[int, ...]


@dataclass(frozen=True)
class ExampleQuery:
    """A query of one head, and what it looks at.

    `queries` are the tokens of the query, one or all of a word; `weights` [key] the mean of their
    rows, or in a causal model the row of the last; `target` the keys that it should look at, `mass`
    what it puts there, or for a role of shape without keys the query's score. `looked` are the keys
    looked at most, for roles between words the tokens of the words, each with its weight.
    """

    sentence: ExampleSentence
    queries: Places
    target: Places
    mass: float
    weights: Floats
    looked: tuple[tuple[Places, float], ...]
