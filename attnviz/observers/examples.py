"""The one query of a sentence in which a role shows most, or fails most, and what it looks at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.attention.targets import Bools, KeyTarget, Target
from attnviz.attention.word_table import ABSTAINS, WordTable, right_words
from attnviz.observers.shown import ExampleQuery, ExampleSentence, Shows
from attnviz.roles.role import ArcRule
from attnviz.text.merge import Pieces, last_looks
from attnviz.text.types import Tokens

Floats = NDArray[np.float32]

Places = tuple[int, ...]

LOOKED = 3
"""Keys, or words, that are named as those looked at most."""

QUERIES = 128
"""Queries of a sentence that are compared, spread evenly over those that have a target."""

_ROWS, _CELLS = 256, 2**22


@dataclass(frozen=True)
class _Queries:
    """The queries to compare: the tokens of each, and the keys that it should look at.

    `looking` are those of its tokens whose rows count, where that is not all.
    `units` are the sentence's words and `own` [query] that of each query, where the role is between
    words. `scores` [query] are known where the keys don't tell them.
    """

    queries: list[Places]
    hits: Bools  # [query, key]
    units: Sequence[Places] = ()
    own: tuple[int, ...] = ()
    scores: tuple[float, ...] = ()
    looking: Sequence[Places] = ()


class ExampleKeeper(Observer):
    """Observes a run over the sentences at `places`, and keeps a query for each of `sentences`.

    Rows of one head and sentence are compared at a time, and one of them is kept.
    """

    def __init__(
        self,
        sentences: Sequence[ExampleSentence],
        places: Sequence[int],
        words: WordTable | None,
        stream: str = "",
        pieces: Pieces = "auto",
    ) -> None:
        self.stream = stream
        self._sentences, self._words, self._pieces = sentences, words, pieces
        self._by_place: dict[tuple[int, int], list[int]] = defaultdict(list)
        for number, sentence in enumerate(sentences):
            self._by_place[sentence.head_role.layer, sentence.place].append(number)
        self._places = places
        self._queries: dict[int, ExampleQuery] = {}

    @property
    def queries(self) -> list[ExampleQuery]:
        """One for each sentence that has any, in the order of these."""
        return [self._queries[number] for number in sorted(self._queries)]

    def begin(self, batch: Batch, places: Sequence[int]) -> None:
        """Starts a batch; `places` count the sentences of this run."""
        both = zip(batch.sentences, batch.looked_at.sentences, strict=True)
        self._rows = [
            (row, self._places[at], *sides)
            for row, (at, sides) in enumerate(zip(places, both, strict=True))
        ]

    def see(self, attention: LayerAttention) -> None:
        """Looks at one layer of the batch."""
        for row, place, tokens, keys in self._rows:
            for number in self._by_place.get((attention.layer, place), ()):
                query = self._look(attention, row, self._sentences[number], tokens, keys)
                if query is not None:
                    self._queries[number] = query

    def _look(
        self,
        attention: LayerAttention,
        row: int,
        sentence: ExampleSentence,
        tokens: Tokens,
        keys: Tokens,
    ) -> ExampleQuery | None:
        queries = self._of_sentence(attention, row, sentence, tokens, keys)
        if not queries.queries:
            return None
        looking = queries.looking or queries.queries
        weights = _weights(attention, row, sentence.head_role.head, looking, len(keys))
        mass = np.array(queries.scores) if queries.scores else (weights * queries.hits).sum(1)
        hit = _hits(queries, weights, tokens.content)
        at = _chosen(mass, hit, sentence.shows)
        return ExampleQuery(
            sentence,
            queries.queries[at],
            tuple(np.flatnonzero(queries.hits[at]).tolist()),
            float(mass[at]),
            weights[at],
            _looked(weights[at], queries.units, queries.own[at] if queries.own else -1),
        )

    def _of_sentence(
        self,
        attention: LayerAttention,
        row: int,
        sentence: ExampleSentence,
        tokens: Tokens,
        keys: Tokens,
    ) -> _Queries:
        role = sentence.head_role.role
        if role.arcs is not None:
            last = last_looks(self._pieces, causal=attention.mask.causal)
            return self._words_of(role.arcs, sentence, tokens, last=last)
        shape = role.shape
        if shape and shape.by_query is not None:
            scores = (
                shape.by_query(attention)[row, sentence.head_role.head, : len(tokens)].cpu().numpy()
            )
            return _of_shape(scores, tokens, len(keys), sentence.shows)
        target = sentence.head_role.column.target(tokens, keys)
        if shape and shape.keys is not None:
            strip = shape.keys(attention)[row, sentence.head_role.head, : len(keys)].cpu().numpy()
            target = KeyTarget(tokens.content, strip)
        if target is None:
            return _Queries([], np.zeros((0, len(keys)), np.bool_))
        return _of_target(attention, row, target, len(tokens), len(keys))

    def _words_of(
        self, rule: ArcRule, sentence: ExampleSentence, tokens: Tokens, *, last: bool
    ) -> _Queries:
        arcs = list(right_words(rule, tokens, self._words, sentence.place).items())
        words = self._words.words[sentence.place] if self._words else None
        arcs = [arcs[at] for at in _spread(len(arcs))]
        hits = np.zeros((len(arcs), len(tokens)), np.bool_)
        if words is None:
            return _Queries([], hits)
        for at, (_, others) in enumerate(arcs):
            hits[at, [token for unit in others for token in words.tokens[unit]]] = True
        queries = [words.tokens[unit] for unit, _ in arcs]
        return _Queries(
            queries,
            hits,
            words.tokens,
            tuple(unit for unit, _ in arcs),
            looking=[query[-1:] for query in queries] if last else (),
        )


def _chosen(mass: NDArray[Any], hit: Bools, shows: Shows) -> int:
    """Which query is shown, of equals the first: an end, or the one nearest to the mean."""
    if shows == "between":
        return int(np.abs(mass - mass.mean()).round(4).argmin())
    sign = -1.0 if shows == "most" else 1.0
    return int(np.lexsort((sign * mass, sign * hit))[0])


def _of_shape(scores: Floats, tokens: Tokens, keys: int, shows: Shows) -> _Queries:
    """The one query that is shown, by scores of its own."""
    known = np.flatnonzero(tokens.content & ~np.isnan(scores))
    if not len(known):
        return _Queries([], np.zeros((0, keys), np.bool_))
    scores = scores.round(4)  # kernels agree within 1e-5, and equals are to stay equal
    at = int(known[_chosen(scores[known], np.zeros(len(known), np.bool_), shows)])
    return _Queries([(at,)], np.zeros((1, keys), np.bool_), scores=(float(scores[at]),))


def _of_target(
    attention: LayerAttention, row: int, target: Target, queries: int, keys: int
) -> _Queries:
    """The queries that see some key of their target."""

    def hits(first: int, last: int) -> Bools:
        seen = attention.mask.part(slice(first, last), row).dense()[0, 0, :, :keys].cpu().numpy()
        hit: Bools = target.part((first, last), (0, keys)) & seen
        return hit

    blocks = [(first, min(first + _ROWS, queries)) for first in range(0, queries, _ROWS)]
    reached = np.flatnonzero(np.concatenate([hits(*block).any(1) for block in blocks]))
    chosen = reached[_spread(len(reached))]
    rows = [
        hits(first, last)[chosen[(first <= chosen) & (chosen < last)] - first]
        for first, last in blocks
    ]
    return _Queries([(at,) for at in chosen.tolist()], np.concatenate(rows))


def _spread(many: int) -> list[int]:
    """At most `QUERIES` of so many places, evenly spread."""
    count = min(many, QUERIES)
    return [at * many // count for at in range(count)]


def _weights(
    attention: LayerAttention, row: int, head: int, queries: Sequence[Places], keys: int
) -> Floats:
    """What each query looks at, the mean over its tokens: [query, key].

    Rounded, so that of equal weights the first comes first, whoever computed them.
    """
    step = max(1, _CELLS // (attention.heads * attention.mask.keys))
    tokens = [token for query in queries for token in query]
    parts = [
        attention.part(torch.tensor(tokens[at : at + step], device=attention.query.device), row)
        .weights[0, head, :, :keys]
        .cpu()
        .numpy()
        for at in range(0, len(tokens), step)
    ]
    sizes = np.array([len(query) for query in queries])
    mean: Floats = np.add.reduceat(np.concatenate(parts), np.cumsum(sizes) - sizes, axis=0)
    mean /= sizes[:, None]
    return mean.round(6)


def _hits(queries: _Queries, weights: Floats, content: Bools) -> Bools:
    """Whether the word that each query looks at most is a right one, [query].

    Never where the role is not between words.
    """
    rows = np.arange(len(weights))
    if not queries.units:
        return np.zeros(len(rows), np.bool_)
    mass = _by_unit(weights, queries.units)
    mass[rows, queries.own] = 0.0
    first = np.array([unit[0] for unit in queries.units])[mass.argmax(1)]
    looks = (weights[:, content].sum(1) >= ABSTAINS) & (mass.max(1) > 0)
    right: Bools = looks & queries.hits[rows, first]
    return right


def _by_unit(weights: Floats, units: Sequence[Places]) -> Floats:
    """Attention to each unit, the sum over its tokens: [query, unit]."""
    sizes = np.array([len(unit) for unit in units])
    tokens = [token for unit in units for token in unit]
    mass: Floats = np.add.reduceat(weights[:, tokens], np.cumsum(sizes) - sizes, axis=1)
    return mass


def _looked(weights: Floats, units: Sequence[Places], own: int) -> tuple[tuple[Places, float], ...]:
    """The keys looked at most, or where there are `units` the words, but for its `own`."""
    if not units:
        order = np.argsort(-weights, kind="stable")[:LOOKED].tolist()
        return tuple(((key,), float(weights[key])) for key in order if weights[key] > 0)
    mass = _by_unit(weights[None], units)[0].tolist()
    order = sorted((unit for unit in range(len(units)) if unit != own), key=lambda k: -mass[k])
    return tuple((units[unit], mass[unit]) for unit in order[:LOOKED] if mass[unit] > 0)
