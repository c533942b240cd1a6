"""How often heads look most at the right word, beside rules that know no head."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attnviz.attention.words import WordTable
from attnviz.evidence.gather import RoleSums, Sums
from attnviz.evidence.kinds import Kinds
from attnviz.evidence.scores import Array
from attnviz.roles.role import Arcs, WordRole
from attnviz.text.types import Annotation, Tokens

OFFSETS = tuple(k for k in range(-10, 11) if k)
"""Fixed offsets, in words, of which the best is a baseline."""

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Coverage:
    """Of a role's arcs in the text, how many a head could follow: `seen` of `arcs`.

    Lost are arcs to the right in a causal model, words that the model's limit cut off, and words
    that one token stands for.
    """

    seen: int
    arcs: int

    @property
    def share(self) -> float | None:
        """The share of arcs, None where there are none."""
        return self.seen / self.arcs if self.arcs else None


@dataclass(frozen=True)
class _Gold:
    """Arcs between units: sentence, unit that looks among all units, unit looked at in its own.

    Arcs are in the order of their units. `queries` are the different units that look,
    `sentence_of` theirs, and `first` the first arc of each.
    """

    unit: Ints
    key: Ints
    queries: Ints
    first: Ints
    sentence_of: Ints
    coverage: Coverage


def gather(
    roles: Sequence[WordRole], table: WordTable, sentences: Sequence[Tokens]
) -> tuple[list[RoleSums], dict[str, Coverage]]:
    """The sums of every role between words, and how much of the text they cover."""
    texts = _Texts(table, sentences)
    found, coverage = [], {}
    for role in roles:
        gold = texts.gold(role.arcs)
        coverage[role.name] = gold.coverage
        found.append(texts.sums(role, gold))
    return found, coverage


class _Texts:
    """All annotated sentences side by side."""

    def __init__(self, table: WordTable, sentences: Sequence[Tokens]) -> None:
        self._table = table
        self._annotations = [tokens.sentence.annotation for tokens in sentences]
        self._half = np.array([tokens.sentence.half for tokens in sentences])
        self._counts = np.diff(table.starts)
        self._sentence = np.repeat(np.arange(len(sentences)), self._counts)
        self._kinds = Kinds(table, self._annotations)

    def gold(self, rule: Callable[[Annotation], Arcs]) -> _Gold:
        """A rule's arcs, without those that no head could follow."""
        pairs: list[tuple[int, int]] = []
        total = 0
        for sentence, annotation in enumerate(self._annotations):
            if annotation is None:
                continue
            arcs = rule(annotation)
            total += len(arcs)
            start = int(self._table.starts[sentence])
            pairs += [(start + one, two) for one, two in self._table.followed(sentence, arcs)]
        # Words that share a unit may bring the same arc twice.
        unit, key = np.array(sorted(set(pairs)), np.int64).reshape(-1, 2).T
        queries, first = np.unique(unit, return_index=True)
        coverage = Coverage(len(pairs), total)
        return _Gold(unit, key, queries, first, self._sentence[queries], coverage)

    def sums(self, role: WordRole, gold: _Gold) -> RoleSums:
        """A role's score, chance, and rules."""
        events = self._by_sentence(gold, np.ones((1, len(gold.queries))))
        best = self._table.best[:, gold.unit]
        score = self._by_sentence(gold, self._any(gold, best == gold.key))
        baselines = {"chance": self._by_sentence(gold, self._chance(gold)[None])}
        baselines["fixed offset"] = self._best_offset(gold)
        baselines["part of speech"] = self._by_sentence(gold, self._by_kind(gold)[None])
        for name, rule in role.rivals.items():
            guessed = self.gold(rule)
            hit = np.isin(self._codes(gold), self._codes(guessed))
            baselines[name] = self._by_sentence(gold, self._any(gold, hit[None]))
        heads = len(self._table.best)
        return RoleSums(
            role,
            Sums(score, _spread(events, heads)),
            {
                name: Sums(_spread(mass, heads), _spread(events, heads))
                for name, mass in baselines.items()
            },
            ("",) * heads,
        )

    def _codes(self, gold: _Gold) -> Ints:
        """A number for each arc."""
        codes: Ints = gold.unit * int(self._counts.max(initial=1)) + gold.key
        return codes

    def _any(self, gold: _Gold, hit: NDArray[np.bool_]) -> Array:
        """From arcs [head, arc] to queries [head, query]: a query has one best word at most."""
        found: Array = np.add.reduceat(hit.astype(np.float64), gold.first, axis=1)
        return found

    def _by_sentence(self, gold: _Gold, values: Array) -> Array:
        """Sums over the queries of each sentence: [head, query] to [sentence, head]."""
        found = np.zeros((len(self._half), len(values)))
        there, first = np.unique(gold.sentence_of, return_index=True)
        found[there] = np.add.reduceat(values, first, axis=1).T
        return found

    def _chance(self, gold: _Gold) -> Array:
        """The share of right words among the other words that a query sees, [query]."""
        place = gold.queries - self._table.starts[gold.sentence_of]
        others = place if self._table.causal else self._counts[gold.sentence_of] - 1
        right = np.diff(gold.first, append=len(gold.unit))
        share: Array = right / np.maximum(others, 1)
        return share

    def _by_kind(self, gold: _Gold) -> Array:
        """How often a word of the likeliest part of speech is right, [query]."""
        right = np.zeros((len(gold.queries), self._kinds.seen.shape[1]))
        query = np.repeat(np.arange(len(gold.queries)), np.diff(gold.first, append=len(gold.unit)))
        key = self._table.starts[self._sentence[gold.unit]] + gold.key
        np.add.at(right, (query, self._kinds.of[key]), 1.0)
        return self._kinds.expect(gold.queries, right, self._half[gold.sentence_of])

    def _best_offset(self, gold: _Gold) -> Array:
        """The offset that is right most often, chosen on the other half: [sentence, 1]."""
        place = gold.unit - self._table.starts[self._sentence[gold.unit]]
        hits = [self._any(gold, (gold.key - place == k)[None])[0] for k in OFFSETS]
        by_offset = self._by_sentence(gold, np.array(hits).reshape(len(OFFSETS), -1))
        found = np.zeros((len(self._half), 1))
        for half in (0, 1):
            best = by_offset[self._half != half].sum(0).argmax()
            found[self._half == half, 0] = by_offset[self._half == half, best]
        return found


def _spread(values: Array, heads: int) -> Array:
    """The same for every head, without room for each."""
    return np.broadcast_to(values, (len(values), heads))
