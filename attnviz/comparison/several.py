"""Two models or more, in their order: each pair that is compared, and numbers over all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from attnviz.comparison.records import Comparison, ComparisonFinding, Side
from attnviz.report.numbers import counted
from attnviz.shape import LEFT_OUT, Attention, Count, Place
from attnviz.text.showable import in_short

if TYPE_CHECKING:
    from attnviz.measurement.measurement import Measurement
    from attnviz.report.model import Report
    from attnviz.settings import Settings


@dataclass(frozen=True)
class Compared:
    """One of what is compared: a model to be run with its own settings, or what was measured."""

    label: str
    model: str = ""
    settings: Settings | None = None
    measurement: Measurement | None = None


@dataclass(frozen=True, slots=True)
class CoursePoint:
    """A number of one model."""

    value: float | None
    """The score of the head that has the most of a role, or a mean over heads."""
    low: float | None
    """Lower end of its 95% interval; of the best of many heads, that of this head alone."""
    high: float | None
    """Upper end of its 95% interval."""
    head: Place | None = field(default=None, metadata=LEFT_OUT)
    """Of roles, that head; left out of means."""
    supported: bool | None = field(default=None, metadata=LEFT_OUT)
    """Of roles, whether some head has it beyond doubt; left out of means, and without verdicts."""


@dataclass(frozen=True, slots=True)
class Course:
    """A number over all models."""

    kind: Literal["role", "statistic", "likeness"]
    """The best head's score in a role, a statistic's mean over all heads, or how unlike the heads
    of a layer are: 0 where a layer has collapsed into one head."""
    name: str
    """The role's name, the statistic's, or 'divergence'."""
    title: str
    """The name in words."""
    unit: str
    """Its unit; empty for shares and pure numbers."""
    points: tuple[CoursePoint, ...]
    """Of each model, in their order."""
    change: CoursePoint
    """By how much the last differs from the first; the interval is of means alone, sentences that
    both have resampled alike."""
    first: Count | None = None
    """Of roles, the number of the first model, from 0, in which some head has it beyond doubt; null
    where none has."""
    attention: Attention = field(default="", metadata=LEFT_OUT)

    @property
    def moves(self) -> bool:
        """Whether the last mean surely differs from the first."""
        low, high = self.change.low, self.change.high
        return low is not None and high is not None and (low > 0 or high < 0)


@dataclass(frozen=True, kw_only=True, repr=False)
class Comparisons:
    """Models side by side, in the order in which they were named.

    `comparisons` begin with the first model against the last; of more than two, each model against
    the one before it follows. `reports` are what was judged of each.
    """

    sides: tuple[Side, ...]
    comparisons: tuple[Comparison, ...]
    courses: tuple[Course, ...]
    findings: tuple[ComparisonFinding, ...]
    reports: tuple[Report, ...]
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """A line: what is compared, and how many heads surely differ from first to last."""
        differ = len({(each.attention, each.head) for each in self.whole.certain})
        names = ", ".join(in_short(side.label) for side in self.sides)
        heads = counted(differ, "head differs", "heads differ")
        return f"<Comparisons of {names}: {heads} from first to last>"

    @property
    def whole(self) -> Comparison:
        """The first model against the last."""
        return self.comparisons[0]

    @property
    def steps(self) -> tuple[Comparison, ...]:
        """Each model against the one before it; with two there is nothing but the whole."""
        return self.comparisons[1:]
