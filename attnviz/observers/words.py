"""Which word each word looks at most, head by head, for sentences whose words are known.

Attention to a word is the sum over its tokens; attention from it the mean over them (Clark et al.
2019), or in a causal model that of its last token, for the others don't see the whole word.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.attention.request import Request
from attnviz.attention.word_table import Arcs, WordTable, numbered
from attnviz.attention.words import Ints, WordRequest
from attnviz.observers.handover import Handover
from attnviz.text.aligned import Words, word_tokens
from attnviz.text.merge import Pieces
from attnviz.text.types import Tokens


class WordKeeper(Observer):
    """Observes layers and keeps what each word looks at most, and what it puts on some others.

    `arcs` says which: those that a role between words takes for right.
    """

    def __init__(
        self,
        sentences: Sequence[Tokens],
        stream: str = "",
        pieces: Pieces = "auto",
        arcs: Arcs | None = None,
    ) -> None:
        self.stream = stream
        self._pieces = pieces
        self._words = tuple(
            word_tokens(tokens) if tokens.sentence.annotation else None for tokens in sentences
        )
        counts = [len(words.tokens) if words else 0 for words in self._words]
        self._starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        self._best: dict[int, NDArray[np.int32]] = {}
        self._left: dict[int, NDArray[np.float64]] = {}
        self._mass: dict[int, NDArray[np.float32]] = {}
        self._arcs = [_followed(*of, arcs) for of in zip(sentences, self._words, strict=True)]
        of_pairs = np.cumsum([0, *map(len, self._arcs)])
        self._pairs = of_pairs.astype(np.int64)  # where the pairs of each sentence begin
        self._causal = True
        self._handover = Handover()

    def ask(self, batch: Batch, places: Sequence[int]) -> Request:  # noqa: ARG002 - an observer
        """What the words of a batch look at, where it has any."""
        if not len(_side_by_side(self._starts, places)):
            return Request()
        words = [known.tokens if (known := self._words[place]) else () for place in places]
        pairs = [self._arcs[place] for place in places]
        return Request(words=WordRequest(words, pairs, self._pieces))

    def begin(self, batch: Batch, places: Sequence[int]) -> None:  # noqa: ARG002 - an observer
        """Starts a batch whose sentences have the given places."""
        self._places = _side_by_side(self._starts, places)
        self._kept = _side_by_side(self._pairs, places)

    def see(self, attention: LayerAttention) -> None:
        """Adds one layer of the batch."""
        if not len(self._places):
            return
        self._causal &= attention.mask.causal
        heads, layer, places, kept = attention.heads, attention.layer, self._places, self._kept
        if layer not in self._best:
            self._best[layer] = np.full((heads, self._starts[-1]), -1, np.int32)
            self._left[layer] = np.zeros(heads)
            self._mass[layer] = np.zeros((heads, self._pairs[-1]), np.float32)

        def add(
            best: NDArray[np.int32], left: NDArray[np.float32], mass: NDArray[np.float32]
        ) -> None:
            self._best[layer][:, places] = best
            self._left[layer] += left
            self._mass[layer][:, kept] = mass

        looks = attention.looks
        self._handover.add(add, looks.best, looks.left, looks.mass)

    def end(self) -> None:
        """Ends the batch."""
        self._handover.settle()

    def table(self) -> WordTable:
        """Everything that was seen; heads layer by layer."""
        layers = sorted(self._best)
        best = [self._best[layer] for layer in layers] or [np.zeros((0, 0), np.int32)]
        left = [self._left[layer] for layer in layers] or [np.zeros(0)]
        mass = [self._mass[layer] for layer in layers] or [np.zeros((0, 0), np.float32)]
        unit, key = np.concatenate([*self._arcs, np.zeros((0, 2), np.int64)]).T
        unit = unit + np.repeat(self._starts[:-1], np.diff(self._pairs))
        return WordTable(
            self._words,
            self._starts,
            np.concatenate(best),
            np.concatenate(left) / max(1, int(self._starts[-1])),
            self._causal,
            numbered(self._starts, unit, key),
            np.concatenate(mass),
        )


def _side_by_side(starts: Ints, places: Sequence[int]) -> Ints:
    """The places of all that some sentences have, one sentence after the other."""
    return np.concatenate([np.arange(starts[place], starts[place + 1]) for place in places])


def _followed(tokens: Tokens, words: Words | None, arcs: Arcs | None) -> Ints:
    """The pairs of units of `arcs`, in order, each once: [pair, 2]."""
    annotation = tokens.sentence.annotation
    if words is None or annotation is None or arcs is None:
        return np.zeros((0, 2), np.int64)
    pairs = {(words.of_word[word], words.of_word[other]) for word, other in arcs(annotation)}
    able = sorted(pair for pair in pairs if min(pair) >= 0 and pair[0] != pair[1])
    return np.array(able, np.int64).reshape(-1, 2)
