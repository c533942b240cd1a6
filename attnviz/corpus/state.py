"""How far a scan is: the sums of what was measured so far, in one file that is always whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from attnviz.corpus.notes import Notes
from attnviz.measurement import codec
from attnviz.measurement.measurement import Measurement


@dataclass(frozen=True, eq=False)
class State:
    """The sums of the first `done` shards of a scan.

    `sentences` counts those measured by file. In any grouping shards add up to the same bytes, so
    that the state of one moment is all that has to be kept.
    """

    done: int = 0
    measurement: Measurement = field(default_factory=Measurement)
    notes: Notes = field(default_factory=Notes)
    sentences: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: State) -> State:
        """What both measured. Raises UsageError or SumError as measurements do."""
        return State(
            self.done + other.done,
            self.measurement + other.measurement,
            self.notes + other.notes,
            dict(sorted((Counter(self.sentences) + Counter(other.sentences)).items())),
        )

    def to_bytes(self) -> bytes:
        """The same bytes for the same state."""
        return codec.write(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> State:
        """The state that `to_bytes` made these of. Raises InputError for others."""
        return codec.read(data, cls)
