"""Sums by sentence added up by unit of evidence, in floats: what `attnviz.measurement` keeps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array  # type: ignore[import-untyped]

from attnviz.evidence import bootstrap
from attnviz.evidence.bootstrap import Array
from attnviz.evidence.gather import RoleColumns, once
from attnviz.text.types import Tokens


class Units:
    """The units of some sentences, in the order of their first ones.

    `half` [unit] is 0 or 1; a sentence that occurs twice is one unit, too.
    """

    def __init__(self, sentences: Sequence[Tokens]) -> None:
        self.digests = [tokens.sentence.unit for tokens in sentences]
        places = {digest: place for place, digest in enumerate(dict.fromkeys(self.digests))}
        self._of = np.array([places[digest] for digest in self.digests], dtype=np.int64)
        self.half = np.array([digest & 1 for digest in places], dtype=np.int64)

    @cached_property
    def _alone(self) -> bool:
        """Whether every sentence is a unit of its own."""
        return len(self.half) == len(self._of)

    def weights(self, resamples: int, seed: int) -> Array:
        """How often each unit counts in each resample, [resample, unit]."""
        return bootstrap.weights(list(dict.fromkeys(self.digests)), resamples, seed)

    def summed(self, values: Array) -> Array:
        """Sums over the sentences of each unit: [sentence, head] to [unit, head]."""
        if self._alone:
            return values
        return once(lambda rows: self._members @ rows, values)

    @cached_property
    def _members(self) -> csr_array:
        """1 where a sentence belongs to a unit, [unit, sentence]."""
        places = np.arange(len(self._of))
        shape = len(self.half), len(self._of)
        return csr_array((np.ones(len(self._of)), (self._of, places)), shape=shape)

    def of(self, columns: RoleColumns) -> RoleColumns:
        """The sums of a role by unit."""
        return columns if self._alone else columns.changed(self.summed)
