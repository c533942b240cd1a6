"""What a scan watches for, as plain data: differences between groups, and strange sentences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from msgspec import Meta

from attnviz.shape import LEFT_OUT, Amount, Attention, Count, Place, Positive

By = Literal["field", "file", "prediction"]


@dataclass(frozen=True, slots=True)
class Group:
    """The sentences of one value."""

    value: str
    """The value; of predictions right or wrong."""
    sentences: Count
    """Sentences measured."""
    tokens: Count
    """Tokens measured, special tokens included."""
    file: str
    """Its measurement, relative to the scan's folder: attnviz report --from makes its report."""


@dataclass(frozen=True, slots=True)
class GroupDifference:
    """By how much one number of a head differs between a group and all others together."""

    group: str
    """The value of the group."""
    head: Place
    role: str
    """The role whose score it is; empty for statistics."""
    measure: str
    """'score' of a role, or the statistic's name, whose mean it is."""
    unit: str
    """The statistic's unit; empty for pure numbers and shares."""
    value: float
    """The mean in the group."""
    others: float
    """The mean in all other groups together."""
    difference: float
    """value - others."""
    low: float | None
    """Lower end of the difference's 95% interval."""
    high: float | None
    """Upper end of the difference's 95% interval."""
    sure_low: float
    """Lower bound that holds for all groups, heads, roles and statistics at once (95%)."""
    sure_high: float
    """Upper bound that holds for all groups, heads, roles and statistics at once (95%)."""
    attention: Attention = field(default="", metadata=LEFT_OUT)


@dataclass(frozen=True, slots=True)
class Groups:
    """A corpus by the values of a field, and what surely differs between them."""

    field: str
    """The field of the records, or source, the file; of predictions the field of the right
    label."""
    by: By
    """What makes a group: a field's value, the file, or whether the model's label is the right
    one."""
    groups: tuple[Group, ...]
    """The groups, in the order of their values."""
    compared: Count
    """Differences that were tested: of each group from all others together, of two groups once."""
    certain: Count
    """How many of them are certain."""
    differences: tuple[GroupDifference, ...]
    """The certain ones, at most four of a role or statistic, the surely largest first: nats and
    tokens in proportion, other numbers as they are."""
    reason: str = ""
    """Why nothing was compared, or why nothing is certain where sentences are few; else empty."""


@dataclass(frozen=True, slots=True)
class Unlike:
    """A number of a sentence that is unlike the usual."""

    head: Place
    measure: str
    """A statistic, or a role, whose score is taken less its chance."""
    value: float
    """The sentence's number."""
    mean: float
    """The mean of the pilot's sentences of like length."""
    deviation: Amount
    """The standard deviation of these."""


Lengths = Annotated[
    tuple[Count | None, Count | None],
    Meta(description="The least and the most tokens of the sentences that it is held against."),
]


@dataclass(frozen=True, slots=True)
class StrangeSentence:
    """A sentence whose attention is unlike the corpus's."""

    id: Positive
    """Its number in the corpus, from 1."""
    source: str
    """The file it came from."""
    line: Count
    """The line it starts on, from 1."""
    text: str
    """Its text in short, made showable."""
    digest: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
    """The hash of its text; of equal texts the list has one."""
    tokens: Count
    """Its tokens, special ones included."""
    lengths: Lengths
    distance: Amount
    """How far its attention is from the usual: the root mean square, over heads and measures, of
    standard deviations off the mean, none of them counted for more than 5. About 1 is usual."""
    unlike: tuple[Unlike, ...]
    """What is the furthest off, each of another measure, the furthest first."""
