"""All that a report tells of a single head: its scores, offsets, words looked at, examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from attnviz.report.scores import Estimate, RoleScore
from attnviz.shape import LEFT_OUT, Amount, Count
from attnviz.text.types import TokenLabel

Places = tuple[int, ...]
To = Literal["", "its head", "its dependent", "neither"]


@dataclass(frozen=True, slots=True)
class Offsets:
    """Attention by offset j - i in tokens, as a mean over content queries.

    All shares add up to 1, or to less where a sink logit takes mass.
    """

    first: int
    """The offset of the first entry of 'own' and 'uniform'."""
    own: tuple[float, ...]
    """The share of the head's attention at each offset from 'first' on."""
    uniform: tuple[float, ...]
    """What uniform attention would put there."""
    before: tuple[float, float]
    """The shares further left: the head's own, and that of uniform attention."""
    after: tuple[float, float]
    """The same further right."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A part of speech, a relation, or all relations of one direction: how often looked at."""

    count: Amount
    """How often; a unit of several words counts in part for each."""
    share: Amount
    """The same as a share of 'words'."""
    base: float
    """The share that a random other word would have, among those that are seen."""
    name: str = field(default="", metadata=LEFT_OUT)
    """The part of speech, or the relation; left out in 'tree'."""
    to: To = field(default="", metadata=LEFT_OUT)
    """What the word looked at is to the one that looks; left out in 'parts_of_speech'."""

    @property
    def lead(self) -> float:
        """By how much the share exceeds that of a random word."""
        return self.share - self.base


@dataclass(frozen=True, slots=True)
class LooksAt:
    """What the word looked at most is, where parts of speech and relations are known."""

    words: Count
    """Words that look at another one."""
    units: Count
    """Words that see another one at all; several that one token stands for are one."""
    parts_of_speech: tuple[Kind, ...]
    """Universal parts of speech that are looked at more often than at random, and five times at
    least: at most eight, the furthest above it first."""
    relations: tuple[Kind, ...]
    """Relations between the word looked at and the one that looks, chosen likewise."""
    tree: tuple[Kind, ...]
    """All relations together: its head, its dependent, neither."""


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
    """A sentence where a role shows `most` or `least` in a head, or between, and one query of it.

    Of those between, so many tenths of all sentences show the role less. `score` and `chance` are
    the role's in this sentence, over `events`; `mass` what the query puts on its target, or for
    roles of shape its own score. `queries` are the tokens of the query and `target` those that it
    should look at, by their places. `tokens` are the keys, of long sentences those around the query
    and what it looks at, and `hidden` the weight on the others. In cross-attention `asking` are the
    target's tokens around the query; elsewhere it is empty. `looked` are the keys, or words, looked
    at most; `between` says whether they are words.
    """

    role: str
    shows: Literal["most", "between", "least"]
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
    tenth: int | None = None


@dataclass(frozen=True)
class HeadReport:
    """One head: its statistics and its score in every role, pooled over all sentences.

    `offsets`: how far it looks, None in cross-attention; `looks_at`: what words its words look at,
    None where nothing is known of them; `examples`: sentences that show its roles, see
    `attnviz.findings.examples`. `seen`: roles of which it has no verdict, for want of sentences,
    but whose score exceeds chance by more than the margin here. `beside`: those of its roles that
    are one fact with another that it has, with the name of that one, which is told.
    """

    layer: int
    head: int
    statistics: Mapping[str, Estimate]
    roles: Mapping[str, RoleScore]
    attention: str = ""
    offsets: Offsets | None = None
    looks_at: LooksAt | None = None
    examples: tuple[Example, ...] = ()
    seen: tuple[str, ...] = ()
    beside: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The head as everyone writes it: `L5H7`."""
        return f"L{self.layer}H{self.head}"

    @property
    def full_name(self) -> str:
        """Its name where heads of several parts stand side by side: `cross L5H7`."""
        return f"{self.attention} {self.name}".lstrip()

    @property
    def anchor(self) -> str:
        """Its place on a page: `L5H7`, `cross-L5H7`."""
        return self.full_name.replace(" ", "-")

    @property
    def found(self) -> tuple[str, ...]:
        """The roles that it has: supported ones first, then the specific before the general."""
        passed = [name for name, role in self.roles.items() if role.verdict not in {"no", None}]
        return tuple(sorted(passed, key=lambda name: self.roles[name].verdict != "supported"))

    @property
    def shown(self) -> tuple[str, ...]:
        """The roles that tables and figures name: those that it has, then those only seen."""
        return (*self.found, *self.seen)

    @property
    def told(self) -> tuple[str, ...]:
        """The same without those that are one fact with another: each fact once."""
        return tuple(name for name in self.shown if name not in self.beside)

    def with_role(self, role: str) -> tuple[str, ...]:
        """The roles that are one fact with a role that is told."""
        return tuple(name for name in self.shown if self.beside.get(name) == role)
