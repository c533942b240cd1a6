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
        annotations = [tokens.sentence.annotation for tokens in sentences]
        self._annotated = [(at, one) for at, one in enumerate(annotations) if one is not None]
        self._half = np.array([tokens.sentence.half for tokens in sentences])
        self._counts = np.diff(table.starts)
        self._sentence = np.repeat(np.arange(len(sentences)), self._counts)
        self._kinds = Kinds(table, annotations)

    def gold(self, rule: Callable[[Annotation], Arcs]) -> _Gold:
        """A rule's arcs, without those that no head could follow."""
        arcs = [(at, *arc) for at, annotation in self._annotated for arc in rule(annotation)]
        followed = self._table.followed(arcs)
        sentence, one, two = followed.T
        # Words that share a unit may bring the same arc twice.
        codes = np.unique(self._table.numbered(self._table.starts[sentence] + one, two))
        unit, key = np.divmod(codes, int(self._counts.max(initial=1)))
        queries, first = np.unique(unit, return_index=True)
        coverage = Coverage(len(followed), len(arcs))
        return _Gold(unit, key, queries, first, self._sentence[queries], coverage)

    def sums(self, role: WordRole, gold: _Gold) -> RoleSums:
        """A role's score, chance, and rules."""
        events = self._by_sentence(gold, np.ones((1, len(gold.queries))))
        best = self._table.best[:, gold.unit]
        score = self._by_sentence(gold, self._any(gold, best == gold.key))
        on_right = self._any(gold, self._table.mass_on(gold.unit, gold.key))
        of_half = self._half[gold.sentence_of]
        baselines = {"chance": self._by_sentence(gold, self._chance(gold)[None])}
        baselines["fixed offset"] = self._best_offset(gold)
        baselines["part of speech"] = self._best_kind(gold)
        for name, rule in role.rivals.items():
            guessed = self.gold(rule)
            codes = self._table.numbered(guessed.unit, guessed.key)
            hit = np.isin(self._table.numbered(gold.unit, gold.key), codes)
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
            on_target=np.stack([on_right[:, of_half == half].sum(1) for half in (0, 1)]),
        )

    def _any(self, gold: _Gold, hit: NDArray[np.bool_] | Array) -> Array:
        """From arcs [head, arc] to sums over queries [head, query].

        Of hits that is at most 1, for a query has one best word.
        """
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

    def _best_kind(self, gold: _Gold) -> Array:
        """How often a word of the likeliest part of speech is right: [sentence, 1].

        Which is likeliest each half chooses, and the better choice counts, as of offsets.
        """
        shape = len(gold.queries), self._kinds.seen.shape[1]
        query = np.repeat(np.arange(len(gold.queries)), np.diff(gold.first, append=len(gold.unit)))
        key = self._table.starts[self._sentence[gold.unit]] + gold.key
        codes = query * shape[1] + self._kinds.of[key]
        right = np.bincount(codes, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)
        chosen = self._kinds.expect(gold.queries, right, self._half[gold.sentence_of])
        return self._by_sentence(gold, chosen[chosen.sum(1).argmax()][None])

    def _best_offset(self, gold: _Gold) -> Array:
        """How often the best offset is right: [sentence, 1].

        Each half chooses the one that is right most often there, and the better of the two counts,
        over all. Of a rare relation the halves choose by a handful of arcs, and scored on the other
        half alone either choice may get nothing where an offset is right in a third of cases.
        """
        place = gold.unit - self._table.starts[self._sentence[gold.unit]]
        hit = gold.key - place == np.array(OFFSETS)[:, None]
        by_offset = self._by_sentence(gold, self._any(gold, hit))  # [sentence, offset]
        return by_offset[:, [best_of_both(by_offset, self._half)]]


def best_of_both(hits: Array, half: Ints) -> int:
    """Of the candidates that either half chooses, the one with more hits [sentence, candidate].

    Equals on a half are told apart by the hits on both, so that no tie makes a baseline weaker; a
    half without any hit leaves the choice to the other.
    """
    total = hits.sum(0)
    chosen = [int(np.lexsort((total, hits[half == side].sum(0)))[-1]) for side in (0, 1)]
    return max(chosen, key=lambda candidate: total[candidate])


def _spread(values: Array, heads: int) -> Array:
    """The same for every head, without room for each."""
    return np.broadcast_to(values, (len(values), heads))
