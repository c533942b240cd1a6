"""What parts of speech alone explain: a word at random of the kind that is likeliest to be right.

A head that looks from a determiner at any noun finds the right one by luck, more often than a head
that looks anywhere: on words in random order minilm has such heads. That is no syntax.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from attnviz.attention.words import WordTable
from attnviz.evidence.bootstrap import ratio
from attnviz.evidence.scores import Array
from attnviz.text.types import Annotation

Ints = NDArray[np.int64]


class Kinds:
    """The parts of speech of all words, and of the other words that each sees in its sentence.

    `of` [unit] numbers them, in the order of the units of the table; `seen` [unit, kind] counts.
    """

    def __init__(self, table: WordTable, annotations: Sequence[Annotation | None]) -> None:
        known = {kind for one in annotations if one for kind in one.upos}
        numbers = {kind: number for number, kind in enumerate(sorted(known))}
        units = int(table.starts[-1])
        self.of = np.zeros(units, np.int64)
        for annotation, words, start in zip(
            annotations, table.words, table.starts.tolist(), strict=False
        ):
            if annotation is None or words is None:
                continue
            for unit, kind in reversed([*zip(words.of_word, annotation.upos, strict=True)]):
                if unit >= 0:  # of words that share a unit the first counts
                    self.of[start + unit] = numbers[kind]
        own = np.zeros((units, max(1, len(numbers))))
        own[np.arange(units), self.of] = 1.0
        self.seen = table.over_seen(own)

    def expect(self, queries: Ints, right: Array, half: Ints) -> Array:
        """How often a word of the likeliest kind is right, as each half chooses it, [half, query].

        `queries` are units, `right` [query, kind] counts the right words of each, `half` [query]
        is 0 or 1. Equals on a half are told apart by the rates on both.
        """
        seen, own = self.seen[queries], self.of[queries]
        overall = self._rates(own, right, seen)
        found = np.zeros((2, len(queries)))
        for side in (0, 1):
            inside = half == side
            rates = self._rates(own[inside], right[inside], seen[inside])
            order = np.lexsort((overall, rates), axis=1)  # [kind, kind], the likeliest last
            rank = np.argsort(order, axis=1)[own]
            likeliest = np.where(seen > 0, rank, -1).argmax(1)[:, None]
            found[side] = np.nan_to_num(
                ratio(
                    np.take_along_axis(right, likeliest, 1)[:, 0],
                    np.take_along_axis(seen, likeliest, 1)[:, 0],
                )
            )
        return found

    def _rates(self, own: Ints, right: Array, seen: Array) -> Array:
        """How often a word of a kind is right for a query of a kind, [kind, kind].

        Queries of a kind that there are none of take the rates of all.
        """
        kinds = self.seen.shape[1]
        of_kind = (own == np.arange(kinds)[:, None]).astype(np.float64)  # [kind, query]
        of_all = np.nan_to_num(ratio(right.sum(0), seen.sum(0)))
        there = np.bincount(own, minlength=kinds)[:, None] > 0
        own_rates = np.nan_to_num(ratio(of_kind @ right, of_kind @ seen))
        rates: Array = np.where(there, own_rates, of_all)
        return rates
