"""A token that looks at the rarest word of its sentence.

How rare a word is, the vocabulary tells: tokenizers number their pieces by how common they were in
the text that they were made from, WordPiece and BPE in the order in which pieces were merged,
SentencePiece's unigrams by their scores. So the rarest word is the one of the most pieces in a row
(the apostrophe of "didn't" makes none), and of several such the one whose highest id is highest.
That is a rough order: single characters and bytes are often numbered apart from it, tokens added
later are at its end, and a vocabulary of many languages ranks them all at once. Of words with a
token that it lacks it tells nothing: they are neither the rarest nor compared with it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from attnviz.attention.targets import Bools, KeyTarget, PairTarget
from attnviz.roles import masks
from attnviz.roles.masks import Ints
from attnviz.roles.role import TargetRole
from attnviz.text.types import Tokens
from attnviz.text.word_numbers import longest_run

_GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class _Words:
    """The words of a sentence: where each begins and ends, and the place of the rarest.

    `of_token` [token] is each token's word, -1 for special ones. `lettered` [word] says which
    words have letters, and no unknown token. `rarest` is None where no such word is said just once.
    """

    starts: Ints
    ends: Ints
    of_token: Ints
    lettered: Bools
    rarest: int | None


def _words(tokens: Tokens) -> _Words:
    number = np.array([-1 if word is None else word for word in tokens.words], np.int64)
    there = number >= 0
    begins = there & (number != np.roll(number, 1))
    begins[:1] = there[:1]
    starts = np.flatnonzero(begins)
    ends = np.flatnonzero(there & np.append(begins[1:] | ~there[1:], True)) + 1
    of_token = np.where(there, begins.cumsum() - 1, -1)
    lettered = np.zeros(len(starts), dtype=np.bool_)
    lettered[of_token[masks.lettered(tokens) & there]] = True
    lettered[of_token[tokens.unknown & there]] = False
    spans = [slice(*span) for span in zip(starts.tolist(), ends.tolist(), strict=True)]
    ids = [tokens.ids[span] for span in spans]
    said = Counter(ids)

    def rarity(word: int) -> tuple[int, int, tuple[int, ...]]:
        return longest_run(tokens.surfaces[spans[word]]), max(ids[word]), ids[word]

    once = (word for word in lettered.nonzero()[0].tolist() if said[ids[word]] == 1)
    rarest = max(once, key=rarity, default=None)
    return _Words(starts, ends, of_token, lettered, rarest)


def _target(tokens: Tokens) -> KeyTarget:
    queries, keys = np.zeros((2, len(tokens)), dtype=np.bool_)
    rarest, matched = _compared(tokens)
    keys[rarest] = True
    queries[matched[0]] = True
    return KeyTarget(queries, keys)


def _matched(tokens: Tokens) -> PairTarget:
    """For each query one other word of as many tokens on the same side of it as the rarest.

    In a causal model it is then seen by just those queries that see the rarest. Drawn by the
    sentence's text, so that over many queries the mass on it is the mean over such words.
    """
    _, (queries, keys) = _compared(tokens)
    pairs = np.stack([np.repeat(queries, keys.shape[1]), keys.ravel()], axis=1)
    return PairTarget(pairs, len(tokens))


@lru_cache(maxsize=1)  # the target of a sentence is asked for, and then what it is matched with
def _compared(tokens: Tokens) -> tuple[slice, tuple[Ints, Ints]]:
    """The tokens of the rarest word, and for each query those of another, as `_matches` finds."""
    words = _words(tokens)
    if words.rarest is None:
        return slice(0), (np.zeros(0, np.int64), np.zeros((0, 1), np.int64))
    rarest = slice(words.starts[words.rarest], words.ends[words.rarest])
    return rarest, _matches(tokens, words, words.rarest)


def _matches(tokens: Tokens, words: _Words, rarest: int) -> tuple[Ints, Ints]:
    """The queries [query] for which there is another word, and its tokens [query, token].

    Where no other word on that side has as many tokens, so many tokens of the other words there.
    """
    start, end = words.starts[rarest], words.ends[rarest]
    many = int(end - start)
    others = words.lettered.copy()
    others[rarest] = False
    same = others & (words.ends - words.starts == many)
    runs = words.starts[same][:, None] + np.arange(many)  # [word, token]
    loose = np.flatnonzero((words.of_token >= 0) & others[words.of_token])
    loose_runs = loose[np.arange(max(0, len(loose) - many + 1))[:, None] + np.arange(many)]

    queries = np.flatnonzero(tokens.content & (words.of_token != rarest))
    own = words.of_token[queries]
    opens = np.where(own < 0, queries, words.starts[own])
    closes = np.where(own < 0, queries + 1, words.ends[own])
    # A Weyl sequence: spread evenly over the words, where random draws would leave gaps.
    drawn = (tokens.sentence.digest * 2.0**-64 + _GOLDEN * np.arange(len(queries))) % 1.0
    matches = np.full((len(queries), many), -1, dtype=np.int64)
    for candidates in (loose_runs, runs):  # the better ones last, for they overwrite
        before = np.searchsorted(candidates[:, -1], opens)  # words that end before the query's
        until = np.searchsorted(candidates[:, 0], closes)  # the first that begins after it
        left = queries >= end
        count = np.where(left, before, len(candidates) - until)
        picked = np.where(left, 0, until) + (drawn * count).astype(np.int64)
        there = count > 0
        matches[there] = candidates[picked[there]]
    there = matches[:, 0] >= 0
    return queries[there], matches[there]


ROLE = TargetRole(
    name="rare-token",
    title="rare word",
    family="meaning",
    letter="H",
    order=132,
    does="looks at the rarest word of the sentence",
    about="Words look at the sentence's rarest word, going by the order of the vocabulary.",
    formula=(
        "S_i = the tokens of the word of the most pieces in a row, then of the highest id, among "
        "words with letters and known tokens that occur once; i any other content token with a "
        "further word on that side"
    ),
    source="Voita et al. 2019 (rare tokens)",
    margin=0.1,
    baselines=("matched", "profile"),
    needs="sentences of several words, of which one occurs once",
    target=_target,
    matched=_matched,
)
