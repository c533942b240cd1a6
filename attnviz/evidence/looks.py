"""What words look at: the parts of speech and the relations of the word looked at most.

Each share stands beside what a random other word would get, among those that the word sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from attnviz.attention.word_table import WordTable
from attnviz.measurement.fixed import fixed, floats
from attnviz.measurement.stream import StreamSums
from attnviz.text.types import Annotation, Tokens

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

To = Literal["", "its head", "its dependent", "neither"]
"""What the word looked at can be in the tree, seen from the word that looks."""


@dataclass(frozen=True)
class Counts:
    """How often the word looked at is what the names say: `counts` and `base` [head, name].

    `base` are the counts expected of a random other word that is seen. `names` are in order.
    """

    names: tuple[tuple[To, str], ...]
    counts: Array
    base: Array


@dataclass(frozen=True)
class Looks:
    """What the words of the annotated sentences look at, head by head.

    `words` [head] counts those that look at another one, of `units` that could. The names of
    `parts_of_speech` are ("", tag), of `relations` (what it is, relation).
    """

    words: Ints
    units: int
    parts_of_speech: Counts
    relations: Counts


def looks(table: WordTable, sentences: Sequence[Tokens]) -> Looks:
    """What each head's words look at most, with the base rates."""
    text = _Text(table, sentences)
    looking = (table.best >= 0) & (text.others > 0)  # [head, unit]
    return Looks(
        words=looking.sum(1).astype(np.int64),
        units=int((text.others > 0).sum()),
        parts_of_speech=text.parts_of_speech(looking),
        relations=text.relations(looking),
    )


_WORDS, _UNITS, _SPECIAL, _MENTIONS = "words|looking", "words|units", "words|special", "mentions"
_TAG, _RELATION = "looks|tag", "looks|relation"


def totals(table: WordTable, sentences: Sequence[Tokens]) -> dict[str, Ints]:
    """What the words of some sentences look at, as fixed-point sums that add up by name.

    Beside it the mass that words put on special tokens, and how often entities are mentioned.
    """
    known = looks(table, sentences)
    annotations = [tokens.sentence.annotation for tokens in sentences]
    mentions = sum(len(annotation.mentions) for annotation in annotations if annotation)
    units = int(table.starts[-1])
    return {
        _WORDS: known.words,
        _UNITS: np.array([known.units, units]),
        _SPECIAL: fixed(table.left * units),
        _MENTIONS: np.array([mentions]),
        **_named(_TAG, known.parts_of_speech),
        **_named(_RELATION, known.relations),
    }


def _named(prefix: str, kinds: Counts) -> dict[str, Ints]:
    """Counts and expected counts of each name, [head, 2]."""
    both = fixed(np.stack([kinds.counts, kinds.base], axis=-1))  # [head, kind, 2]
    return {f"{prefix}|{to}|{name}": both[:, place] for place, (to, name) in enumerate(kinds.names)}


def total_looks(sums: StreamSums) -> Looks | None:
    """What words look at in all of the text, None where nothing is known of words."""
    if _WORDS not in sums.totals:
        return None
    return Looks(
        sums.totals[_WORDS],
        int(sums.totals[_UNITS][0]),
        _counts(_TAG, sums),
        _counts(_RELATION, sums),
    )


def _counts(prefix: str, sums: StreamSums) -> Counts:
    """Names in order, the words that are neither head nor dependent last."""
    known: dict[tuple[To, str], Ints] = {}
    for to in ("", "its dependent", "its head", "neither"):
        start = f"{prefix}|{to}|"
        of_this = sorted(name for name in sums.totals if name.startswith(start))
        known |= {(to, name.removeprefix(start)): sums.totals[name] for name in of_this}
    both = floats(np.array([*known.values()], np.int64).reshape(len(known), len(sums.heads), 2))
    return Counts(tuple(known), both[..., 0].T, both[..., 1].T)


def special_mass(sums: StreamSums) -> tuple[float, float] | None:
    """The least and the most that a head's words put on special tokens, mean over words."""
    if _SPECIAL not in sums.totals or not sums.totals[_SPECIAL].size:
        return None
    units = max(1, int(sums.totals[_UNITS][1]))
    # A difference, so that rounding may take it below 0.
    left = (floats(sums.totals[_SPECIAL]) / units).clip(0.0, 1.0)
    return float(left.min()), float(left.max())


def mentions(sums: StreamSums) -> int:
    """How often the text's annotation mentions an entity."""
    return int(sums.totals[_MENTIONS][0]) if _MENTIONS in sums.totals else 0


class _Text:
    """All units side by side: their sentences' first units, and how many others each sees."""

    def __init__(self, table: WordTable, sentences: Sequence[Tokens]) -> None:
        self._table = table
        self._annotations = [tokens.sentence.annotation for tokens in sentences]
        counts = np.diff(table.starts)
        self.first = np.repeat(table.starts[:-1], counts)  # [unit]
        place = np.arange(len(self.first)) - self.first
        self.others = place if table.causal else np.repeat(counts - 1, counts)  # [unit]

    def parts_of_speech(self, looking: NDArray[np.bool_]) -> Counts:
        """Shares of tags; a unit of several words counts in part for the tag of each."""
        tags = self._tags()
        names = sorted({name for _, name in tags})
        codes = {name: code for code, name in enumerate(names)}
        of_unit = np.zeros((len(self.first), len(names)))
        for unit, name in tags:
            of_unit[unit, codes[name]] += 1.0
        of_unit /= np.maximum(of_unit.sum(1, keepdims=True), 1.0)
        expected = self._table.over_seen(of_unit) / np.maximum(self.others, 1)[:, None]
        counts = np.zeros((len(looking), len(names)))
        for head, who in enumerate(looking):
            at = (self.first + self._table.best[head])[who]
            counts[head] = np.bincount(at, minlength=len(of_unit)) @ of_unit
        return Counts(tuple(("", name) for name in names), counts, looking @ expected)

    def _tags(self) -> list[tuple[int, str]]:
        return [
            (unit, tag)
            for annotation, units in self._each()
            for unit, tag in zip(units, annotation.upos, strict=True)
            if unit >= 0 and tag
        ]

    def relations(self, looking: NDArray[np.bool_]) -> Counts:
        """Shares of heads and dependents by relation, and of words that are neither."""
        known = self._arcs()
        names = sorted(set(known.values()))
        codes = {name: code for code, name in enumerate(names)}
        code = np.array([codes[name] for name in known.values()], np.int64)
        unit, key = np.array(list(known), np.int64).reshape(-1, 2).T
        hit = looking[:, unit] & (self.first[unit] + self._table.best[:, unit] == key)
        chance = looking[:, unit] / np.maximum(self.others[unit], 1)
        counts, base = (
            np.stack([np.bincount(code, weights, len(names)) for weights in of])
            for of in (hit, chance)
        )
        total = looking.sum(1, keepdims=True)
        return Counts(
            (*names, ("neither", "")),
            np.concatenate([counts, total - counts.sum(1, keepdims=True)], 1),
            np.concatenate([base, total - base.sum(1, keepdims=True)], 1),
        )

    def _arcs(self) -> dict[tuple[int, int], tuple[To, str]]:
        """What the second of two units is to the first, for those that it sees."""
        relations: dict[tuple[int, int], tuple[To, str]] = {}
        for annotation, units in self._each():
            for word, (head, relation) in enumerate(
                zip(annotation.heads, annotation.relations, strict=True)
            ):
                unit, other = units[word], units[head] if head >= 0 else -1
                if min(unit, other) < 0 or unit == other:
                    continue
                if other < unit or not self._table.causal:
                    relations.setdefault((unit, other), ("its head", relation))
                if unit < other or not self._table.causal:
                    relations.setdefault((other, unit), ("its dependent", relation))
        return relations

    def _each(self) -> list[tuple[Annotation, list[int]]]:
        """The annotated sentences, with the unit of each word among all units, -1 for none."""
        return [
            (annotation, [start + unit if unit >= 0 else -1 for unit in words.of_word])
            for annotation, words, start in zip(
                self._annotations, self._table.words, self._table.starts.tolist(), strict=False
            )
            if annotation is not None and words is not None
        ]
