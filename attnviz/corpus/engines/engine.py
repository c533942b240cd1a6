"""What a scan needs of whoever measures its shards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from attnviz.corpus.shards import Advance
from attnviz.corpus.state import State
from attnviz.measurement.pilot import Pilot
from attnviz.measurement.source import Source
from attnviz.settings import Settings
from attnviz.text.types import Sentence, Tokens

Numbered = tuple[int, Sequence[Sentence]]
"""A shard with its place among those of the whole corpus."""


@dataclass(frozen=True)
class Work:
    """What is measured, and how.

    `longest` is the longest text, `together` the most sentences that are measured together. A batch
    has at most `most` tokens; None: as many as memory allows. `group` and `label` are the fields by
    which sentences are grouped, "" for none.
    """

    settings: Settings
    longest: Tokens
    together: int
    most: int | None
    group: str
    label: str


class Engine(Protocol):
    """Measures the pilot, then shards, whose sums it returns in the order that they came in.

    It writes the rows of each sentence, where they were asked for, before it returns the sums.
    """

    @property
    def source(self) -> Source:
        """Where its sums come from."""

    @property
    def batch_tokens(self) -> int:
        """Tokens that a batch has at most."""

    def pilot(self, sentences: Sequence[Sentence], advance: Advance, *, rows: bool) -> State:
        """The sums of the pilot, with all that is fitted on it; its `rows` where it counts."""

    def shards(
        self, shards: Iterator[Numbered], many: int, pilot: Pilot, advance: Advance
    ) -> Iterator[State]:
        """The sums of so `many` shards, of one or several in a row at a time."""
