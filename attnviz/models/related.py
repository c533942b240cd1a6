"""Finds words close in meaning by the model's input embeddings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attnviz.measurement.pilot import RelatedFit
from attnviz.models.embeddings import embeddings
from attnviz.models.load import LoadedModel
from attnviz.text.aligned import word_tokens
from attnviz.text.types import Tokens

QUANTILE = 0.99
"""Words are related if their cosine is above this quantile of that of the text's pairs."""

NEAR = 2
"""Words at most this many places apart are neighbours."""

MOST = 8
"""A word has at most this many related words: the closest ones."""

FEWEST = 15
"""Below this many words a text has fewer than a hundred pairs, too few for `QUANTILE`."""

_OPEN = {"ADJ", "ADV", "NOUN", "PROPN", "VERB"}
_DRAWN = 10_000
_DIGITS = 6  # the same pair's cosine may differ beyond, by the size of the product it is from
_ROWS = 512

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Word:
    """A content word: its place among all words, its tokens' places and ids, its form."""

    place: int
    tokens: tuple[int, ...]
    ids: tuple[int, ...]
    form: str


@dataclass(frozen=True, eq=False)
class Related:
    """What makes words related, fitted on some texts and applied to any.

    `frequent` are the forms that are too frequent to be content words, where parts of speech are
    unknown; `floor` is the cosine that related words exceed. Without a `table` of embeddings, or
    with too few words, there is no floor, and no words are related.
    """

    table: Tensor | None
    frequent: frozenset[str] = frozenset()
    floor: float | None = None

    @classmethod
    def fitted(
        cls, loaded: LoadedModel, texts: Sequence[Tokens], *, decoder: bool = False
    ) -> Related:
        """From texts that the model reads, or its `decoder`.

        A word's embedding is the mean of its tokens' input embeddings; two content words are
        related if their cosine is above the 99th percentile of that between different words of
        these texts (of 10,000 pairs drawn with a fixed seed, or of all if there are no more), they
        are more than two words apart, and of different form.
        """
        table = embeddings(loaded.model, decoder=decoder)
        if table is None:
            return cls(None)
        words = [list(_words(tokens)) for tokens in texts]
        frequent = _frequent(Counter(word.form for of_text in words for word, _ in of_text))
        firsts: dict[str, tuple[int, ...]] = {}
        for word in (word for of_text in words for word in _content(of_text, frequent)):
            firsts.setdefault(word.form, word.ids)
        if len(firsts) < FEWEST:
            return cls(table, frequent)
        floor = _floor(_vectors(table, [firsts[form] for form in sorted(firsts)]))
        return cls(table, frequent, floor)

    @classmethod
    def known(cls, loaded: LoadedModel, fit: RelatedFit, *, decoder: bool = False) -> Related:
        """From what was fitted before, for the same model."""
        return cls(embeddings(loaded.model, decoder=decoder), frozenset(fit.frequent), fit.floor)

    @property
    def fit(self) -> RelatedFit:
        """What was fitted, as plain values."""
        return RelatedFit(tuple(sorted(self.frequent)), self.floor)

    def within(self, texts: Sequence[Tokens]) -> list[Tokens]:
        """The texts with the pairs of tokens filled in whose words are related to each other.

        Of more than eight the eight closest count. For each related word an unrelated one is
        drawn, of as many tokens and on the same side, by the sentence's text; where there is none,
        the pair is left out.
        """
        if self.table is None or self.floor is None:
            return list(texts)
        words = [_content(_words(tokens), self.frequent) for tokens in texts]
        spelled = {word.ids: None for of_text in words for word in of_text}
        places = {ids: at for at, ids in enumerate(spelled)}
        vectors = _vectors(self.table, list(places))
        with_pairs = []
        for tokens, of_text in zip(texts, words, strict=True):
            own = vectors[[places[word.ids] for word in of_text]]
            pairs = list(_pairs(of_text, own, self.floor, tokens))
            related, unrelated = ([pair[k] for pair in pairs] for k in (0, 1))
            with_pairs.append(replace(tokens, related=tuple(related), unrelated=tuple(unrelated)))
        return with_pairs


def _frequent(counts: Counter[str]) -> frozenset[str]:
    """The most frequent forms that together make up half of the texts or less.

    In any language these are for the most part its function words (Zipf).
    """
    frequent, left = set[str](), counts.total() / 2
    for _, group in groupby(counts.most_common(), key=lambda item: item[1]):
        forms = dict(group)  # equally frequent forms are treated alike
        left -= sum(forms.values())
        if left < 0:
            break
        frequent |= forms.keys()
    return frozenset(frequent)


def _content(words: Iterable[tuple[_Word, bool | None]], frequent: Container[str]) -> list[_Word]:
    """The content words: by part of speech where it is known, else those that aren't frequent."""
    return [
        word for word, known in words if (word.form not in frequent if known is None else known)
    ]


def _words(tokens: Tokens) -> Iterator[tuple[_Word, bool | None]]:
    """The words with letters, each with whether its tag is a content word's, None if untagged.

    Words with unknown tokens are left out: all unknown tokens have the same embedding.
    """
    words, annotation = word_tokens(tokens), tokens.sentence.annotation
    tags: dict[int, set[str]] = {}
    if annotation:
        for at, tag in zip(words.of_word, annotation.upos, strict=True):
            tags.setdefault(at, set()).add(tag)
    for place, unit in enumerate(words.tokens):
        form = "".join(tokens.surfaces[token] for token in unit).strip().casefold()
        if any(map(str.isalpha, form)) and not tokens.unknown[list(unit)].any():
            known = tags.get(place, set()) - {""}
            ids = tuple(tokens.ids[token] for token in unit)
            yield _Word(place, unit, ids, form), bool(known & _OPEN) if known else None


def _vectors(table: Tensor, words: Sequence[tuple[int, ...]]) -> Floats:
    """Each word's mean input embedding at length 1, [word, width]."""
    means = [table[torch.tensor(ids, device=table.device)].float().mean(0) for ids in words]
    if not means:
        return np.zeros((0, table.shape[1]))
    vectors: Floats = torch.stack(means).cpu().double().numpy()
    lengths: Floats = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


def _floor(vectors: Floats) -> float:
    """The quantile `QUANTILE` of the cosines of pairs of different words."""
    count = len(vectors)
    if count * (count - 1) // 2 <= _DRAWN:
        first, second = np.triu_indices(count, 1)
    else:
        rng = np.random.default_rng(0)
        first = rng.integers(0, count, _DRAWN)
        second = (first + rng.integers(1, count, _DRAWN)) % count
    cosines = (vectors[first] * vectors[second]).sum(1).round(_DIGITS)
    return float(np.quantile(cosines, QUANTILE, method="higher"))


def _pairs(
    words: Sequence[_Word], vectors: Floats, floor: float, tokens: Tokens
) -> Iterator[tuple[Pair, Pair]]:
    """Pairs of tokens of related words, each with its matched pair of unrelated words."""
    rng = np.random.default_rng(tokens.sentence.digest)
    forms = np.unique([word.form for word in words], return_inverse=True)[1]
    sizes = np.array([len(word.tokens) for word in words], dtype=np.int64)
    places = np.array([word.place for word in words], dtype=np.int64)
    for first in range(0, len(words), _ROWS):
        cosines = (vectors[first : first + _ROWS] @ vectors.T).round(_DIGITS)
        for at, cosine in enumerate(cosines, first):
            other, far = forms != forms[at], np.abs(places - places[at]) > NEAR
            close = other & (cosine > floor)
            related = np.flatnonzero(close & far)
            related = related[np.argsort(-cosine[related], kind="stable")][:MOST]
            if not len(related):
                continue
            sides = np.sign(places - places[at]) * sizes  # where a word is, and how long
            for close_word, match in _matched(related, sides, other & ~close, far, rng):
                keys = zip(words[close_word].tokens, words[match].tokens, strict=True)
                for query, (key, matched_key) in product(words[at].tokens, keys):
                    yield (query, key), (query, matched_key)


def _matched(
    related: Ints, sides: Ints, fit: Bools, far: Bools, rng: np.random.Generator
) -> Iterator[tuple[int, int]]:
    """Each related word with an unrelated one on the same side and of the same length.

    Words that are no neighbours are drawn first, and none twice.
    """
    for side in np.unique(sides[related]):
        suitable = fit & (sides == side)
        pool = np.concatenate([rng.permutation(np.flatnonzero(suitable & k)) for k in (far, ~far)])
        yield from zip(related[sides[related] == side].tolist(), pool.tolist(), strict=False)
