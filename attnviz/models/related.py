"""Finds words close in meaning by the model's input embeddings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby, product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

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


def with_related(
    loaded: LoadedModel, texts: Sequence[Tokens], *, decoder: bool = False
) -> list[Tokens]:
    """The texts with `related` and `unrelated` filled in: pairs of tokens of related words.

    A word's embedding is the mean of its tokens' input embeddings. Two content words are related
    if their cosine is above the 99th percentile of that between different words of all texts
    (of all pairs, or of 10,000 drawn with a fixed seed), they are more than two words apart, and
    their forms differ; each word keeps its eight closest. For each related word an unrelated one
    of as many tokens on the same side is drawn, seeded by the sentence's text; where there is none,
    the pair is left out.

    `decoder`: the texts are what the decoder reads. The texts are returned unchanged where the
    model has no input embeddings, or the texts too few words.
    """
    table = embeddings(loaded.model, decoder=decoder)
    if table is None:
        return list(texts)
    words = _content_words(texts)
    rows: dict[tuple[int, ...], int] = {}
    first_rows: dict[str, int] = {}
    for word in chain.from_iterable(words):
        rows.setdefault(word.ids, len(rows))
        first_rows.setdefault(word.form, rows[word.ids])
    if len(first_rows) < FEWEST:
        return list(texts)
    vectors = _vectors(table, list(rows))
    floor = _floor(vectors[[first_rows[form] for form in sorted(first_rows)]])
    filled = []
    for tokens, text_words in zip(texts, words, strict=True):
        text_vectors = vectors[[rows[word.ids] for word in text_words]]
        pairs = list(_pairs(text_words, text_vectors, floor, tokens))
        related, unrelated = ([pair[k] for pair in pairs] for k in (0, 1))
        filled.append(replace(tokens, related=tuple(related), unrelated=tuple(unrelated)))
    return filled


def _content_words(texts: Sequence[Tokens]) -> list[list[_Word]]:
    """The content words of each text.

    Where parts of speech are known: adjectives, adverbs, nouns and verbs. Elsewhere words with
    letters, without the most frequent ones that together are at most half of all texts: these are
    mostly function words, in any language (Zipf).
    """
    words = [list(_words(tokens)) for tokens in texts]
    counts = Counter(word.form for word, _ in chain.from_iterable(words))
    frequent, left = set[str](), counts.total() / 2
    for _, group in groupby(counts.most_common(), key=lambda item: item[1]):
        forms = dict(group)  # equally frequent forms are treated alike
        left -= sum(forms.values())
        if left < 0:
            break
        frequent |= forms.keys()
    return [
        [word for word, tagged in text if (word.form not in frequent if tagged is None else tagged)]
        for text in words
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
