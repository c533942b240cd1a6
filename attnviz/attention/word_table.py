"""What each word looks at most, as plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from attnviz.text.aligned import Words
from attnviz.text.types import Annotation, Tokens

ABSTAINS = 0.1
"""A word whose tokens put less mass than this on content looks at no word."""

Ints = NDArray[np.int64]

Arcs = Callable[[Annotation], Iterable[tuple[int, int]]]
"""Pairs of words of a sentence, by their places."""


@dataclass(frozen=True)
class WordTable:
    """What each word looks at most.

    `words` [sentence] are the units of the annotated sentences, None for the others; `starts`
    [sentence + 1] where their units begin among all. `best` [head of the whole model, unit] is
    the place of the unit looked at most in the same sentence, itself left out, -1 for none.
    `left` [head] is the mean mass that words put on special tokens. `causal`: no word saw one to
    its right. `mass` [head, pair] is what a unit puts on another, for the pairs that were asked
    for; `pairs` [pair] are their numbers, see `numbered`, in rising order.
    """

    words: tuple[Words | None, ...]
    starts: Ints
    best: NDArray[np.int32]
    left: NDArray[np.float64]
    causal: bool
    pairs: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    mass: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    def numbered(self, unit: Ints, key: Ints) -> Ints:
        """A number for each pair, rising with its unit.

        `unit` counts among all, `key` in the sentence of both.
        """
        return numbered(self.starts, unit, key)

    def mass_on(self, unit: Ints, key: Ints) -> NDArray[np.float64]:
        """What units put on others, [head, pair]; 0 for pairs that nobody asked for."""
        numbers = self.numbered(unit, key)
        at = np.searchsorted(self.pairs, numbers)
        kept = np.isin(numbers, self.pairs)
        mass = np.zeros((len(self.best), len(numbers)))
        if kept.any():
            mass[:, kept] = self.mass[:, at[kept]]
        return mass

    def followed(self, arcs: Sequence[tuple[int, int, int]]) -> Ints:
        """Arcs (sentence, word, word) as (sentence, unit, unit), those that a head could follow.

        None within a unit, and in a causal model none to the right: [arc, 3].
        """
        sentence, word, other = np.array(arcs, np.int64).reshape(-1, 3).T
        first, of_word = self._of_words
        unit, looked_at = of_word[first[sentence] + word], of_word[first[sentence] + other]
        able = (unit >= 0) & (looked_at >= 0) & (unit != looked_at)
        if self.causal:
            able &= looked_at < unit
        followed: Ints = np.stack([sentence, unit, looked_at], axis=1)[able]
        return followed

    @cached_property
    def _of_words(self) -> tuple[Ints, Ints]:
        """The first word of each sentence among all, and the unit of each word in its sentence."""
        of_word = [words.of_word if words else () for words in self.words]
        first = np.concatenate([[0], np.cumsum([len(units) for units in of_word])])
        return first, np.array([unit for units in of_word for unit in units], np.int64)

    def over_seen(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """For each unit the sum of `values` [unit, kind] over the others that it sees."""
        running = np.concatenate([np.zeros((1, values.shape[1])), values.cumsum(0)])
        many = np.diff(self.starts)
        first, last = (np.repeat(edge, many) for edge in (self.starts[:-1], self.starts[1:]))
        before: NDArray[np.float64] = running[:-1] - running[first]
        return before if self.causal else running[last] - running[first] - values


def numbered(starts: Ints, unit: Ints, key: Ints) -> Ints:
    """A number for each pair of units, see `WordTable.numbered`."""
    numbers: Ints = unit * int(np.diff(starts).max(initial=1)) + key
    return numbers


def right_words(
    rule: Arcs, tokens: Tokens, words: WordTable | None, place: int
) -> Mapping[int, frozenset[int]]:
    """The units that each unit of a sentence should look at, as far as a head can follow.

    `rule` is that of a role between words.
    """
    annotation = tokens.sentence.annotation
    if annotation is None or words is None:
        return {}
    others: dict[int, set[int]] = {}
    arcs = [(place, *arc) for arc in rule(annotation)]
    for _, unit, other in words.followed(arcs).tolist():
        others.setdefault(unit, set()).add(other)
    return {unit: frozenset(right) for unit, right in sorted(others.items())}
