"""The words of a batch laid out for the fused kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch

from attnviz.attention.inputs import LayerInputs
from attnviz.attention.kernels.arrays import Array, Speakers, Spoken
from attnviz.attention.kernels.lanes import LANES
from attnviz.attention.kernels.word_rows import FIRST, LAST
from attnviz.attention.kernels.word_tiles import look_of_some
from attnviz.attention.words import Looks, WordRequest
from attnviz.text.merge import last_looks


@dataclass(frozen=True, slots=True)
class WordLookup:
    """Who speaks for which word of a batch.

    So many `rooms` for rows are needed at a time. `firsts` [word] is the first word of each word's
    sentence, all counted through the batch. `cut` are the (sentence, word) whose rows are measured
    by several threads, and which are therefore looked at apart.
    """

    speakers: Speakers
    rooms: int
    firsts: Array
    cut: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, layer: LayerInputs, segments: int) -> WordLookup:
        """For a layer whose queries are cut into so many segments, and others with its mask."""
        words = layer.request.words or WordRequest((), ())
        flat = _Flat.of(words)
        queries, keys = layer.query.shape[2], layer.mask.keys
        last = last_looks(words.pieces, causal=layer.mask.causal)
        edges = queries * np.arange(segments + 1) // segments
        inner = np.searchsorted(edges, flat.tokens, "right")
        cut = np.zeros(len(flat.sizes), np.bool_)
        if not last:
            cut = inner[flat.starts[:-1]] != inner[flat.starts[1:] - 1]
        several = np.flatnonzero(flat.sizes > 1)
        rows, rooms = _rows(flat, cut, len(words.tokens) and queries, last=last)
        pairs = _pairs(flat, words)
        content = layer.request.content.numpy()[: len(words.tokens)]
        ends = layer.mask.last.amax(1, keepdim=True).expand(len(layer.query), 1).numpy()
        seen = np.arange(content.shape[1]) < ends[: len(content)]
        off, off_keys = (~content & seen).nonzero()
        alone, of_key = _alone(flat, len(words.tokens), keys)
        ends = np.arange(len(words.tokens) + 2)
        return cls(
            Speakers(
                **rows,
                alone=alone,
                of_key=of_key,
                several_ends=np.searchsorted(flat.sentence[several], ends),
                several=several,
                starts=np.pad(flat.sizes[several].cumsum(), (1, 0)),
                tokens=flat.of_words(several),
                off_ends=np.searchsorted(off, ends),
                off_keys=np.ascontiguousarray(off_keys),
                **pairs,
            ),
            rooms,
            flat.firsts[flat.sentence],
            tuple(
                (int(flat.sentence[word]), int(word - flat.firsts[flat.sentence[word]]))
                for word in np.flatnonzero(cut)
            ),
        )

    def room_for(self, heads: int) -> Spoken:
        """Room for what words tell."""
        words, pairs = len(self.firsts), len(self.speakers.key_ends) - 1
        return Spoken(
            best=np.full((heads, words), -1, np.int64),
            left=np.zeros((heads, words), np.float32),
            mass=np.zeros((heads, pairs), np.float32),
        )

    def looks(self, layer: LayerInputs, spoken: Spoken) -> Looks | None:
        """What the words of a layer look at, with those that were cut; None if nobody asks."""
        words = layer.request.words
        if words is None:
            return None
        best = np.where(spoken.best >= 0, spoken.best - self.firsts, -1).astype(np.int32)
        looks = Looks(
            torch.from_numpy(best),
            torch.from_numpy(spoken.left.sum(1)),
            torch.from_numpy(spoken.mass),
        )
        if not self.cut:
            return looks
        apart = look_of_some(layer, words, self.cut)
        # Each is -1 or 0 where the other knows.
        return Looks(
            torch.maximum(looks.best, apart.best),
            looks.left + apart.left,
            looks.mass + apart.mass,
        )


@dataclass(frozen=True, slots=True)
class _Flat:
    """The words of a batch one after the other, and their tokens.

    `sentence` and `sizes` [word]; `starts` [word + 1], where those of a word begin in `tokens`;
    `firsts` [sentence + 1], where the words of a sentence begin.
    """

    sentence: Array
    sizes: Array
    starts: Array
    tokens: Array
    firsts: Array

    @classmethod
    def of(cls, words: WordRequest) -> _Flat:
        counts = np.array([len(groups) for groups in words.tokens], np.int64)
        groups = list(chain.from_iterable(words.tokens))
        sizes = np.fromiter(map(len, groups), np.int64, len(groups))
        return cls(
            np.repeat(np.arange(len(counts)), counts),
            sizes,
            np.pad(sizes.cumsum(), (1, 0)),
            np.fromiter(chain.from_iterable(groups), np.int64, int(sizes.sum())),
            np.pad(counts.cumsum(), (1, 0)),
        )

    def of_words(self, chosen: Array) -> Array:
        """The tokens of some words, one word after the other."""
        sizes = self.sizes[chosen]
        before = sizes.cumsum() - sizes
        places = np.repeat(self.starts[chosen] - before, sizes) + np.arange(sizes.sum())
        return np.ascontiguousarray(self.tokens[places])


def _rows(flat: _Flat, cut: Array, queries: int, *, last: bool) -> tuple[dict[str, Array], int]:
    """Who speaks for which word, and how many rooms are needed; see `Speakers`."""
    shape = (len(flat.firsts) - 1, queries)
    rows: dict[str, Array] = {
        "word": np.full(shape, -1, np.int64),
        "share": np.ones(shape, np.float32),
        "room": np.full(shape, -1, np.int64),
        "turn": np.zeros(shape, np.int64),
    }
    looking = np.flatnonzero(~cut)
    if last:
        tokens = flat.tokens[flat.starts[1:] - 1]
        rows["word"][flat.sentence, tokens] = looking
        return rows, 0
    first, final = flat.tokens[flat.starts[looking]], flat.tokens[flat.starts[looking + 1] - 1]
    sentence, sizes = flat.sentence[looking], flat.sizes[looking]
    rooms = _rooms(sentence, first, final, sizes > 1)
    places = np.repeat(sentence, sizes), flat.of_words(looking)
    for name, of_words in {"word": looking, "share": 1.0 / sizes, "room": rooms}.items():
        rows[name][places] = np.repeat(of_words, sizes)
    many = sizes > 1
    rows["turn"][sentence[many], first[many]] = FIRST
    rows["turn"][sentence[many], final[many]] = LAST
    return rows, int(rooms.max(initial=-1)) + 1


def _rooms(sentence: Array, first: Array, last: Array, several: Array) -> Array:
    """A room for each word of `several` rows, none that another uses between its first and last.

    -1 for the other words.
    """
    rooms = np.full(len(first), -1, np.int64)
    free_from: dict[tuple[int, int], int] = {}
    for word in np.flatnonzero(several).tolist():
        room = 0
        while free_from.get((int(sentence[word]), room), -1) >= first[word]:
            room += 1
        rooms[word] = room
        free_from[int(sentence[word]), room] = int(last[word])
    return rooms


def _alone(flat: _Flat, batch: int, keys: int) -> tuple[Array, Array]:
    """Which keys are whole words, and which words."""
    whole = np.flatnonzero(flat.sizes == 1)
    places = flat.sentence[whole], flat.tokens[flat.starts[whole]]
    alone = np.zeros((max(batch, 1), keys + LANES), np.float32)
    of_key = np.full((max(batch, 1), keys), -1, np.int64)
    alone[places], of_key[places] = 1.0, whole
    return alone, of_key


def _pairs(flat: _Flat, words: WordRequest) -> dict[str, Array]:
    """The pairs that are asked for, by the word that looks; see `Speakers`."""
    every: Sequence[Array] = [np.zeros((0, 2), np.int64)]
    every = [
        *every,
        *(pairs + first for pairs, first in zip(words.pairs, flat.firsts[:-1], strict=True)),
    ]
    word, other = np.concatenate(every).T
    return {
        "pair_ends": np.searchsorted(word, np.arange(len(flat.sizes) + 1)),
        "key_ends": np.pad(flat.sizes[other].cumsum(), (1, 0)),
        "key_tokens": flat.of_words(np.ascontiguousarray(other)),
    }
