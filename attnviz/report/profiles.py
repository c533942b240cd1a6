"""What a report tells of a single head beside its scores: offsets, words looked at, examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from attnviz.text.types import TokenLabel

Places = tuple[int, ...]
To = Literal["", "its head", "its dependent", "neither"]


@dataclass(frozen=True, slots=True)
class Offsets:
    """The share of a content query's attention by offset j - i, mean over content queries.

    `own[k]` is that of the offset `first` + k, `uniform[k]` what uniform attention puts there;
    `before` and `after` are the shares further left and further right, each (own, uniform). All add
    up to 1, or to less where a sink logit takes mass.
    """

    first: int
    own: tuple[float, ...]
    uniform: tuple[float, ...]
    before: tuple[float, float]
    after: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Kind:
    """How often the word looked at most is of a kind: `count` times, which is the `share`.

    `base` is the share that a random other word would have, among those that are seen. `to` says
    of relations what the word is to the one that looks: "its head", "its dependent" or "neither".
    """

    name: str
    count: float
    share: float
    base: float
    to: To = ""

    @property
    def lead(self) -> float:
        """By how much the share exceeds that of a random word."""
        return self.share - self.base


@dataclass(frozen=True, slots=True)
class LooksAt:
    """What the `words` that look at another one look at most, of `units` that could.

    `parts_of_speech` and `relations` hold those furthest above their base, the furthest first, but
    none that is rare; `tree` sums all relations up: its head, its dependent, neither.
    """

    words: int
    units: int
    parts_of_speech: tuple[Kind, ...]
    relations: tuple[Kind, ...]
    tree: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class ShownToken:
    """A token of an example at its place in the sentence, with what the query looks at it.

    `query` and `target`: it belongs to the query, or to what this should look at.
    """

    place: int
    label: TokenLabel
    weight: float = 0.0
    query: bool = False
    target: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """A token or a word that a query looks at, and the weight on it."""

    places: Places
    labels: tuple[TokenLabel, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence where a role shows `most` or `least` in a head, and one query of it.

    `score` and `chance` are the role's in this sentence, over `events`; `mass` what the query puts
    on its target, or for roles of shape its own score. `queries` are the tokens of the query and
    `target` those that it should look at, by their places. `tokens` are the keys, of long
    sentences those around the query and what it looks at, and `hidden` the weight on the others. In
    cross-attention `asking` are the target's tokens around the query; elsewhere it is empty.
    `looked` are the keys, or words, looked at most; `between` says whether they are words.
    """

    role: str
    shows: Literal["most", "least"]
    sentence: int
    score: float
    chance: float
    events: int
    mass: float
    queries: Places
    target: Places
    tokens: tuple[ShownToken, ...]
    asking: tuple[ShownToken, ...]
    looked: tuple[Looked, ...]
    hidden: float
    between: bool
