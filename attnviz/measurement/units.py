"""The units of evidence: documents where they are known, else sentences; of many, groups of them.

Up to `MOST` units are kept apart. Beyond, all are hashed into as many groups, so that what is kept
does not grow with the corpus. A unit's half is its lowest bit and its group its lowest ten, so
that no group mixes halves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST = 1024
"""Units that are kept apart, and groups if there are more: a power of two."""

Ids = NDArray[np.uint64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Units:
    """The rows of a measurement, in the order of their `ids`.

    `ids` [unit] are the units' 64-bit hashes, or the numbers of groups where `grouped`;
    `sentences` [unit] counts the sentences of each and `digests` [unit] is the sum of their
    hashes modulo 2^64, so that whether two measurements saw the same text can be checked.
    """

    ids: Ids
    sentences: Rows
    digests: Ids
    grouped: bool = False

    @classmethod
    def of(cls, units: Sequence[int], digests: Sequence[int]) -> tuple[Units, Rows]:
        """From each sentence's unit and own hash; and each sentence's row among the units."""
        of_sentence = np.array(units, np.uint64)
        ids, rows = np.unique(of_sentence, return_inverse=True)
        apart = cls(
            ids,
            np.bincount(rows, minlength=len(ids)).astype(np.int64),
            _summed(np.array(digests, np.uint64), rows, len(ids)),
        )
        if len(ids) <= MOST:
            return apart, rows
        grouped, of_unit = apart.grouped_rows()
        return grouped, of_unit[rows]

    @classmethod
    def empty(cls) -> Units:
        """No units."""
        return cls(np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.uint64))

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def half(self) -> Rows:
        """0 or 1: which half of the text each unit belongs to, [unit]."""
        return (self.ids & np.uint64(1)).astype(np.int64)

    def joined(self, other: Units) -> tuple[Units, Rows, Rows]:
        """The units of both, and the rows there of the units of this and of the other."""
        if not (self.grouped or other.grouped):
            both = np.union1d(self.ids, other.ids)
            if len(both) <= MOST:
                rows = [np.searchsorted(both, units.ids) for units in (self, other)]
                return self._merged(other, both, rows, grouped=False), rows[0], rows[1]
        groups = [units.ids % np.uint64(MOST) for units in (self, other)]
        both = np.union1d(*groups)
        rows = [np.searchsorted(both, ids) for ids in groups]
        return self._merged(other, both, rows, grouped=True), rows[0], rows[1]

    def grouped_rows(self) -> tuple[Units, Rows]:
        """The same in groups, and each unit's row among them."""
        nothing = Units.empty()
        joined, rows, _ = self.joined(Units(nothing.ids, nothing.sentences, nothing.digests, True))
        return joined, rows

    def _merged(self, other: Units, ids: Ids, rows: Sequence[Rows], *, grouped: bool) -> Units:
        sentences, digests = np.zeros(len(ids), np.int64), np.zeros(len(ids), np.uint64)
        for units, at in zip((self, other), rows, strict=True):
            np.add.at(sentences, at, units.sentences)
            digests += _summed(units.digests, at, len(ids))
        return Units(ids, sentences, digests, grouped)


def _summed(digests: Ids, rows: Rows, size: int) -> Ids:
    """Sums modulo 2^64 of hashes by row."""
    out = np.zeros(size, np.uint64)
    np.add.at(out, rows, digests)
    return out
