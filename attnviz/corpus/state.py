"""How far a scan is: the sums of what was measured so far, in one file that is always whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add

from attnviz.corpus.notes import Notes
from attnviz.corpus.strange import Strangest
from attnviz.measurement import codec
from attnviz.measurement.measurement import Measurement
from attnviz.measurement.source import InputInfo


@dataclass(frozen=True, eq=False)
class State:
    """The sums of the first `done` shards of a scan.

    `sentences` counts those measured by file. In any grouping shards add up to the same bytes, so
    that the state of one moment is all that has to be kept. Where a corpus has `groups`, their
    states hold the sums by value, and `measurement` none of them. `strangest` are sentences of all
    of it.
    """

    done: int = 0
    measurement: Measurement = field(default_factory=Measurement)
    notes: Notes = field(default_factory=Notes)
    sentences: Mapping[str, int] = field(default_factory=dict)
    groups: Mapping[str, State] = field(default_factory=dict)
    strangest: Strangest = field(default_factory=Strangest)

    def __add__(self, other: State) -> State:
        """What both measured. Raises UsageError or SumError as measurements do."""
        return State(
            self.done + other.done,
            self.measurement + other.measurement,
            self.notes + other.notes,
            dict(sorted((Counter(self.sentences) + Counter(other.sentences)).items())),
            {
                value: self.groups.get(value, State()) + other.groups.get(value, State())
                for value in sorted({*self.groups, *other.groups})
            },
            self.strangest + other.strangest,
        )

    @property
    def whole(self) -> Measurement:
        """The measurement of all groups together, or of a corpus that has none."""
        return reduce(add, (group.measurement for group in self.groups.values()), self.measurement)

    def fitted(self, split: str) -> State:
        """What was fitted on the pilot alone, without the sums of its sentences."""
        info = InputInfo(split=split)
        return State(measurement=replace(self.measurement, streams={}, input=info))

    def to_bytes(self) -> bytes:
        """The same bytes for the same state."""
        return codec.write(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> State:
        """The state that `to_bytes` made these of. Raises InputError for others."""
        return codec.read(data, cls)
