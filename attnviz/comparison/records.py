"""What a comparison of two measurements says, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Literal

from attnviz.measurement.source import InputInfo, ModelInfo
from attnviz.shape import LEFT_OUT, Amount, Attention, Count, Place

ChangeKind = Literal["kept", "moved", "lost", "gained", "both", "unclear"]

RELATIVE = ("nats", "tokens")
"""Units of statistics whose differences are large or small in proportion to the numbers."""

_TIMES = 100
"""What takes so many times the sentences is not told to take more."""

SCORE = "score"
"""The measure of a role; of a statistic it is the statistic's name."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two measurements that are compared."""

    label: str
    """What it is called: the model's name, or what tells it from the other."""
    version: str
    """The version of attnviz that measured it."""
    model: ModelInfo
    input: InputInfo


@dataclass(frozen=True, slots=True)
class HeadMatch:
    """A head and the one that it is compared with."""

    before: Place
    """Its place before."""
    after: Place
    """The place of its counterpart."""
    distance: Amount | None
    """How unlike they are: the root mean square of their differences, sentence by sentence, over
    all roles and statistics, each in units of its standard deviation over heads. 0 is the same,
    1.4 two heads at random. Null where nothing was measured of both."""
    way: Literal["number", "best"]
    """Whether they have the same number, or are the best match."""
    attention: Attention = field(default="", metadata=LEFT_OUT)


@dataclass(frozen=True, slots=True)
class HeadDifference:
    """By how much one number of a head differs: after - before."""

    head: Place
    """The head's place before."""
    head_after: Place
    """Its place after; another where heads were matched."""
    role: str
    """The role whose score it is; empty for statistics."""
    measure: str
    """'score' of a role, or the statistic's name, whose mean it is."""
    unit: str
    """The statistic's unit; empty for pure numbers and shares."""
    before: float | None
    after: float | None
    difference: float | None
    """after - before; null where one of them is."""
    low: float | None
    """Lower end of the difference's 95% interval."""
    high: float | None
    """Upper end of the difference's 95% interval."""
    sure_low: float | None
    """Lower 95% bound that holds for all heads, roles and statistics at once."""
    sure_high: float | None
    """Upper 95% bound that holds for all heads, roles and statistics at once."""
    certain: bool | None
    """Whether these bounds exclude 0; null where there is too little evidence for bounds."""
    reason: str
    """Why there is too little evidence; else empty."""
    events: Count
    """Queries that it rests on, before or after, whichever are fewer."""
    sentences: Count
    """Sentences that it rests on, before or after, whichever are fewer."""
    same_as: str = field(default="", metadata=LEFT_OUT)
    """The role or statistic that has the same numbers on this text, and tells and counts them; left
    out where there is none."""
    attention: Attention = field(default="", metadata=LEFT_OUT)

    @property
    def change(self) -> float:
        """How large the difference is, so that measures can be ordered.

        Of shares of attention as it is, of nats and tokens in proportion to the larger number.
        """
        return abs(self.difference or 0.0) / self._scale

    @property
    def sure_change(self) -> float:
        """The same at the least that is sure; 0 where nothing is."""
        if self.sure_low is None or self.sure_high is None:
            return 0.0
        return max(self.sure_low, -self.sure_high, 0.0) / self._scale

    @property
    def is_relative(self) -> bool:
        """Whether the difference is large or small in proportion to the numbers."""
        return self.unit in RELATIVE

    @property
    def needed(self) -> int | None:
        """About so many sentences would make a difference this large certain; None for no telling.

        Bounds close in with the root of their number. None, too, where it would take more than a
        hundred times as many.
        """
        if self.sure_low is None or self.sure_high is None or not self.difference:
            return None
        times: float = ((self.sure_high - self.sure_low) / 2 / self.difference) ** 2
        if times > _TIMES:
            return None
        many = times * self.sentences
        unit = int(10 ** max(len(str(int(many))) - 2, 0))
        return unit * ceil(many / unit)

    @property
    def _scale(self) -> float:
        if not self.is_relative:
            return 1.0
        return max(abs(self.before or 0.0), abs(self.after or 0.0)) or 1.0


@dataclass(frozen=True, slots=True)
class RoleHead:
    """A head in a role: its place on its own side, and its score with its 95% interval."""

    place: Place
    score: float | None
    low: float | None
    high: float | None
    same_as: str = field(default="", metadata=LEFT_OUT)
    """The role that it is one fact with in this head, and that leads there, as in its report; left
    out where there is none."""


@dataclass(frozen=True, slots=True)
class RoleChange:
    """What became of a role that some head has beyond doubt, before or after."""

    role: str
    kind: ChangeKind
    """kept: a head that had it still has it, and none took it over from another; moved: some
    surely lost it and others surely gained it; lost: those that had it surely lost it, and no head
    has it; gained: no head had it, and some surely gained it; both: some have it on either side,
    but they have no counterparts; unclear: verdicts differ, but there is too little evidence that
    scores do."""
    before: tuple[RoleHead, ...]
    """The heads that have it before, the best first."""
    after: tuple[RoleHead, ...]
    """The heads that have it after, the best first."""
    left: tuple[Place, ...] = ()
    """Heads that had it and surely lost it, by their places before."""
    joined: tuple[Place, ...] = ()
    """Heads that surely gained it, by their places after."""
    reason: str = ""
    """What makes it unclear, and how much evidence would be enough, if that is known; else
    empty."""
    closest: RoleHead | None = None
    """Of a role of one side alone, whose heads have no counterparts: the head with the highest
    score on the other side. Else null."""
    same_as: str = field(default="", kw_only=True, metadata=LEFT_OUT)
    """The role that is one fact with it in all of these heads, and of which the same is told; left
    out where there is none."""
    attention: Attention = field(default="", kw_only=True, metadata=LEFT_OUT)


@dataclass(frozen=True, slots=True)
class ComparisonFinding:
    """A plain sentence on what changed, with its numbers."""

    kind: Literal[
        "lost",
        "moved",
        "gained",
        "both",
        "unclear",
        "head",
        "permuted",
        "unmatched",
        "overview",
        "mean",
        "same",
    ]
    """A role that is lost, moved or gained, roles that heads without counterparts have in both, a
    role of which it is unclear, a head that differs, heads that were permuted, heads without
    counterparts, how many differ in all, a mean over heads that differs, or that nothing does."""
    text: str
    role: str = ""
    """The role it is about; empty for none."""
    heads: tuple[Place, ...] = ()
    """The heads it speaks of, by their places before; of a role that is gained, after."""
    attention: Attention = field(default="", metadata=LEFT_OUT)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two measurements, `before` and `after`, held against each other."""

    before: Side
    after: Side
    paired: bool
    """Whether both are of the same sentences, and were compared sentence by sentence."""
    units: tuple[Count, Count]
    """How many units of evidence, sentences or documents or groups of them, each side has."""
    shared: Count
    """How many of these both have."""
    grouped: bool
    """Whether units are groups of sentences, for there are more than 1,024."""
    streams: tuple[Attention, ...]
    """The streams that were compared."""
    matches: tuple[HeadMatch, ...]
    """Every head that was compared, with its counterpart."""
    unmatched: tuple[tuple[Attention, Place], ...]
    """Heads before that have no counterpart."""
    unmatched_after: tuple[tuple[Attention, Place], ...]
    """Heads after that are nobody's counterpart."""
    bounds: Mapping[Attention, Amount]
    """How unlike heads may be and still be counterparts, by stream, where heads are matched by
    likeness: 19 in 20 heads that are matched inside a model, each with another, are more unlike."""
    differences: tuple[HeadDifference, ...]
    """Every difference: heads in order, roles before statistics."""
    changes: tuple[RoleChange, ...]
    """Roles that some head has, before or after."""
    findings: tuple[ComparisonFinding, ...]
    """What changed in plain words, the largest first."""
    warnings: tuple[str, ...] = ()

    @property
    def certain(self) -> tuple[HeadDifference, ...]:
        """The differences that are certain, the surely largest first, each fact once."""
        sure = [each for each in self.told if each.certain]
        return tuple(sorted(sure, key=lambda each: -each.sure_change))

    @property
    def told(self) -> tuple[HeadDifference, ...]:
        """The differences without those that are one fact with another."""
        return tuple(each for each in self.differences if not each.same_as)
