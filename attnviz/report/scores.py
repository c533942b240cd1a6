"""What was measured and judged, as plain data: statistics, roles, and relations between words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from msgspec import Meta

from attnviz.shape import LEFT_OUT, Attention, Count, Place, Share

Verdict = Literal["supported", "tentative", "no"] | None
"""None where there are too few sentences, or documents, for an interval."""

LEAST_SEEN = 3
"""Tokens that must look before what a head does is told without a verdict: a single weight, or
two, are no habit."""


@dataclass(frozen=True, slots=True)
class StatisticInfo:
    """What a statistic is."""

    name: str
    """The name used in heads[].statistics."""
    title: str
    """The name in words."""
    unit: str
    """Its unit; empty for pure numbers."""
    about: str
    """What it tells."""
    formula: str
    """How it is computed."""
    source: str
    """Where it was published."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over sentences with its 95% interval; no interval where there are too few."""

    mean: float | None
    """The mean: a ratio of sums over sentences."""
    low: float | None
    """Lower end of the 95% bootstrap interval."""
    high: float | None
    """Upper end of the 95% bootstrap interval."""


@dataclass(frozen=True, slots=True)
class RoleScore:
    """How far one head plays one role.

    Scores are mean attention mass on the role's target, or, for roles over words, the share of
    words whose strongest attention is right; both in [0, 1].
    """

    score: float | None
    """The score."""
    chance: float | None
    """The score of uniform attention."""
    lift: float | None
    """(score - chance) / (1 - chance)."""
    baseline: float | None
    """The score of the strongest thing that the label must beat."""
    against: str
    """What that is: 'chance', 'profile', 'permuted', 'matched', 'other segment', or another
    role."""
    low: float | None
    """Lower end of its 95% interval: Wilson's for roles between words, else from the bootstrap."""
    high: float | None
    """Upper end of its 95% interval: Wilson's for roles between words, else from the bootstrap."""
    margin_low: float | None
    """Simultaneous 95% lower bound of score - baseline."""
    events: Count
    """Queries that the score rests on."""
    sentences: Count
    """Sentences that the score rests on."""
    verdict: Verdict
    """supported: margin_low exceeds the role's margin, on both halves of the sentences, with at
    least 50 sentences and 100 events; tentative: passes with less evidence; no: anything else;
    null: fewer than five sentences, or documents, have an event: too few for an interval, and so
    for a verdict."""
    variant: str = ""
    """Which of several targets was chosen, for example the offset '-2'; else empty."""
    mass: float | None = None
    """Of roles between words, whose score is an accuracy: the mean attention that the words put on
    the right ones. Null for other roles, whose score it is."""

    @property
    def rank(self) -> tuple[bool, float, float]:
        """What sorts the heads of a role, the best last: of equal accuracies by their mass."""
        return self.verdict == "supported", self.score or 0.0, round(self.mass or 0.0, 6)


@dataclass(frozen=True, slots=True)
class RoleInfo:
    """What a role is, and who has it."""

    name: str
    """The name used in heads[].roles."""
    title: str
    """The name in words."""
    family: str
    """The group of roles that it belongs to; figures give each its colour."""
    letter: str
    """Its letter in figures."""
    about: str
    """What a head of this role does."""
    formula: str
    """The set of keys that a query would look at."""
    source: str
    """Where it was published."""
    baselines: tuple[str, ...]
    """What the score must beat besides chance."""
    margin: float
    """What score - baseline must exceed, in attention mass."""
    heads: tuple[Place, ...]
    """The heads that have the role, the best first."""
    absent: str = ""
    """Why the role could not be measured; empty where it was."""
    coverage: Share | None = None
    """Of roles between words: the share of the text's arcs that a head could follow; null for other
    roles."""
    seen: tuple[Place, ...] = ()
    """Where there is no verdict: heads whose score exceeds chance by more than the margin on this
    text, over at least three tokens that look, the best first. What was seen, and no label."""
    same_as: str = ""
    """The role that has the same target in every sentence of this text, so that both are one fact,
    told once; empty for none."""
    does: str = ""
    """What a head of this role does: 'looks at the previous token'."""
    measures: str = "of its attention"
    """What the score is a share of."""
    ahead: str = field(default="", metadata=LEFT_OUT)
    """Of several targets the one whose queries look for the word that comes after them, which they
    write; left out where there is none."""
    attention: Attention = field(default="", metadata=LEFT_OUT)

    @property
    def shown(self) -> tuple[tuple[int, int], ...]:
        """The heads that are told: those that have the role, then those only seen."""
        return (*self.heads, *self.seen)


@dataclass(frozen=True, slots=True)
class RelationRow:
    """A role between words and its best head.

    The head is chosen on one half of the sentences and scored on the other.
    """

    role: str
    """Its name in roles."""
    relation: str
    """The relation as the annotation has it, or coreference."""
    direction: Literal["to the head", "from the head", ""]
    """Whether a word looks at its head in the syntax tree, or a head at its dependent; empty for
    coreference, where a mention looks at an earlier one."""
    heads: Annotated[tuple[Place, ...], Meta(max_length=2)]
    """The attention heads chosen on the first half and on the second: one where both agree. Of
    equals the one with more attention on the right words."""
    score: float | None
    """How often the word looked at most is the right one, pooled over both halves, each with the
    head that the other chose."""
    low: float | None
    """Lower end of its 95% interval (Wilson's), given the choice."""
    high: float | None
    """Upper end of its 95% interval (Wilson's), given the choice."""
    baselines: Mapping[str, float | None]
    """What rules that need no head get on the same events."""
    against: str
    """The strongest of the baselines."""
    verdict: Verdict
    """The verdict of the head, as in heads[].roles; of two heads the weaker."""
    events: Count
    """Words that look, over all sentences."""
    sentences: Count
    """Sentences with at least one."""
    coverage: Share | None
    """The share of the text's word pairs that a head could follow."""
    held_out: bool = True
    """Whether the head was chosen on one half and scored on the other. Not where one half has no
    such words: then it is scored where it was chosen."""
    attention: Attention = field(default="", metadata=LEFT_OUT)

    @property
    def baseline(self) -> float | None:
        """The strongest baseline; None where nothing could be measured."""
        return self.baselines.get(self.against)

    @property
    def margin(self) -> float | None:
        """By how much the score beats it."""
        if self.score is None or self.baseline is None:
            return None
        return self.score - self.baseline
