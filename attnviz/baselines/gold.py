"""The right words of roles between words, as far as a head could follow, over many sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from attnviz.attention.word_table import WordTable
from attnviz.roles.role import ArcRule
from attnviz.text.types import Tokens

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Coverage:
    """Of a role's arcs in the text, how many a head could follow: `seen` of `arcs`.

    Lost are arcs to the right in a causal model, words that the model's limit cut off, and words
    that one token stands for.
    """

    seen: int
    arcs: int

    def __add__(self, other: Coverage) -> Coverage:
        """That of two texts together."""
        return Coverage(self.seen + other.seen, self.arcs + other.arcs)

    @property
    def share(self) -> float | None:
        """The share of arcs, None where there are none."""
        return self.seen / self.arcs if self.arcs else None


class WordText:
    """The annotated sentences of a text side by side; units are words that tokens stand for.

    `half` [sentence] is 0 or 1, `counts` [sentence] the number of units, `sentence` [unit] that of
    each.
    """

    def __init__(self, table: WordTable, sentences: Sequence[Tokens]) -> None:
        self.table = table
        self.annotations = [tokens.sentence.annotation for tokens in sentences]
        self.half = np.array([tokens.sentence.half for tokens in sentences])
        self.counts = np.diff(table.starts)
        self.sentence = np.repeat(np.arange(len(sentences)), self.counts)
        self._tagged: dict[tuple[str, ...], tuple[Ints, Array]] = {}

    def gold(self, rule: ArcRule) -> Gold:
        """A rule's arcs, without those that no head could follow."""
        annotated = ((at, known) for at, known in enumerate(self.annotations) if known is not None)
        arcs = [(at, *arc) for at, annotation in annotated for arc in rule(annotation)]
        followed = self.table.followed(arcs)
        sentence, looking, right = followed.T
        # Words that share a unit may bring the same arc twice.
        codes = np.unique(self.table.numbered(self.table.starts[sentence] + looking, right))
        unit, key = np.divmod(codes, int(self.counts.max(initial=1)))
        queries, first = np.unique(unit, return_index=True)
        return Gold(self, unit, key, queries, first, Coverage(len(followed), len(arcs)))

    def tagged(self, names: tuple[str, ...]) -> tuple[Ints, Array]:
        """The part of speech of each unit, and how many of each the unit sees.

        [unit], its place among `names` or behind them, and [unit, names + 1].
        """
        if names not in self._tagged:
            known, of = self.parts_of_speech
            numbers = {name: number for number, name in enumerate(names)}
            own = np.array([numbers.get(name, len(names)) for name in known] or [len(names)])[of]
            counts = np.zeros((len(own), len(names) + 1))
            counts[np.arange(len(own)), own] = 1.0
            self._tagged[names] = own, self.table.over_seen(counts)
        return self._tagged[names]

    @cached_property
    def parts_of_speech(self) -> tuple[tuple[str, ...], Ints]:
        """The tags of the text in order, and the place of each unit's among them, [unit]."""
        known = {tag for annotation in self.annotations if annotation for tag in annotation.upos}
        names = tuple(sorted(known))
        numbers = {name: number for number, name in enumerate(names)}
        of = np.zeros(int(self.table.starts[-1]), np.int64)
        starts = self.table.starts.tolist()
        for annotation, words, start in zip(
            self.annotations, self.table.words, starts, strict=False
        ):
            if annotation is None or words is None:
                continue
            for unit, tag in reversed([*zip(words.of_word, annotation.upos, strict=True)]):
                if unit >= 0:  # of words that share a unit the first counts
                    of[start + unit] = numbers[tag]
        return names, of


@dataclass(frozen=True, eq=False)
class Gold:
    """Arcs between units: that which looks, among all units, and the one looked at, in its own.

    Arcs are in the order of their units. `queries` are the different units that look, and `first`
    the first arc of each.
    """

    text: WordText
    unit: Ints
    key: Ints
    queries: Ints
    first: Ints
    coverage: Coverage

    @cached_property
    def sentence_of(self) -> Ints:
        """The sentence of each query, [query]."""
        return self.text.sentence[self.queries]

    @cached_property
    def half(self) -> Ints:
        """The half of each query's sentence, [query]."""
        return self.text.half[self.sentence_of]

    @cached_property
    def apart(self) -> Ints:
        """How many units the right one is after the one that looks, [arc]."""
        return self.key - (self.unit - self.text.table.starts[self.text.sentence[self.unit]])

    @cached_property
    def right(self) -> Ints:
        """How many right units a query has, [query]."""
        return np.diff(self.first, append=len(self.unit))

    def by_query(self, values: Bools | Array) -> Array:
        """Sums over the arcs of each query: [column, arc] to [column, query].

        Of hits that is at most 1, for a query has one best word.
        """
        summed: Array = np.add.reduceat(values.astype(np.float64), self.first, axis=1)
        return summed

    def by_sentence(self, values: Array) -> Array:
        """Sums over the queries of each sentence: [column, query] to [sentence, column]."""
        summed = np.zeros((len(self.text.half), len(values)))
        there, first = np.unique(self.sentence_of, return_index=True)
        summed[there] = np.add.reduceat(values, first, axis=1).T
        return summed

    def chance(self) -> Array:
        """The share of right words among the other words that a query sees, [query]."""
        place = self.queries - self.text.table.starts[self.sentence_of]
        others = place if self.text.table.causal else self.text.counts[self.sentence_of] - 1
        share: Array = self.right / np.maximum(others, 1)
        return share

    def shared(self, other: Gold) -> Array:
        """1 for queries for which the other's arcs have a right word, [query]."""
        numbered = self.text.table.numbered
        hit = np.isin(numbered(self.unit, self.key), numbered(other.unit, other.key))
        shared: Array = self.by_query(hit[None])[0]
        return shared
