"""Which word each word looks at most, head by head, for sentences whose words are known.

Attention to a word is the sum over its tokens; attention from it the mean over them (Clark et al.
2019), or in a causal model that of its last token, for the others don't see the whole word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.attention.request import Request
from attnviz.attention.word_table import ABSTAINS, Arcs, WordTable, numbered
from attnviz.text.aligned import Words, word_tokens
from attnviz.text.merge import Pieces, last_looks
from attnviz.text.types import Tokens

_LONG = 512
"""In longer sentences some words are looked at at a time, of so many weights a head."""

_CELLS = 2**18

Ints = NDArray[np.int64]

Units = Sequence[int]


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

    def begin(self, batch: Batch, places: Sequence[int]) -> Request:
        """Starts a batch whose sentences have the given places."""
        annotated = [(row, place, self._words[place]) for row, place in enumerate(places)]
        self._known = [
            (row, place, words) for row, place, words in annotated if words and words.tokens
        ]
        self._content = batch.content.float()
        self._tiles: dict[bool, list[_Tile]] = {}
        return Request()

    def see(self, attention: LayerAttention) -> None:
        """Adds one layer of the batch."""
        if not self._known:
            return
        heads, causal = attention.heads, attention.mask.causal
        self._causal &= causal
        if attention.layer not in self._best:
            self._best[attention.layer] = np.full((heads, self._starts[-1]), -1, np.int32)
            self._left[attention.layer] = np.zeros(heads)
            self._mass[attention.layer] = np.zeros((heads, self._pairs[-1]), np.float32)
        last = last_looks(self._pieces, causal=causal)
        if last not in self._tiles:
            self._tiles[last] = list(self._cut(last=last))
        best, left = self._best[attention.layer], self._left[attention.layer]
        for tile in self._tiles[last]:
            looks, lost, mass = (array.cpu().numpy() for array in _look(attention, tile))
            left += lost
            self._mass[attention.layer][:, tile.kept] = mass
            for row, (place, first, many) in enumerate(tile.units):
                start = self._starts[place] + first
                best[:, start : start + many] = looks[row, :, :many]

    def _cut(self, *, last: bool) -> Iterator[_Tile]:
        """The batch as one tile, or in long texts some units of a sentence at a time."""
        queries, device = self._content.shape[1], self._content.device
        known = [
            (row, place, words, [unit[-1:] if last else unit for unit in words.tokens])
            for row, place, words in self._known
        ]
        if queries <= _LONG:
            rows = [row for row, *_ in known]
            yield _Tile(
                None,
                None,
                None if len(rows) == len(self._content) else torch.tensor(rows, device=device),
                _shares([looks for *_, looks in known], range(queries), device),
                _sides([words for _, _, words, _ in known], self._content[rows]),
                [(place, 0, len(looks)) for _, place, _, looks in known],
                *self._of_tile([(place, 0, len(looks)) for _, place, _, looks in known]),
            )
            return
        for row, place, words, looks in known:
            sides = _sides([words], self._content[row : row + 1])
            step = max(1, _CELLS // queries)
            for first in range(0, len(looks), step):
                units = looks[first : first + step]
                tokens = [token for unit in units for token in unit]
                yield _Tile(
                    row,
                    torch.tensor(tokens, device=device),
                    None,
                    _shares([units], tokens, device),
                    sides,
                    [(place, first, len(units))],
                    *self._of_tile([(place, first, len(units))]),
                )

    def _of_tile(self, units: Sequence[tuple[int, int, int]]) -> tuple[Tensor, Ints]:
        """The pairs whose units look in a tile, and their places among all."""
        rows, kept = [], []
        for row, (place, first, many) in enumerate(units):
            pairs = self._arcs[place]
            inside = np.flatnonzero((pairs[:, 0] >= first) & (pairs[:, 0] < first + many))
            rows.append(np.column_stack([np.full(len(inside), row), pairs[inside] - [first, 0]]))
            kept.append(inside + self._pairs[place])
        looking = torch.from_numpy(np.concatenate(rows).T).to(self._content.device)
        return looking, np.concatenate(kept)

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


@dataclass(frozen=True, eq=False)
class _Tile:
    """Some words of some sentences.

    `sentence` of the batch and the `tokens` that look, None for all; which sentences are `picked`,
    None for all; `shares` [sentence, unit, token] of each token in its unit; `sides` [sentence,
    key, unit + 2], by which weights are summed: to units, to content, and to everything; and of
    each sentence its place, first unit and number of `units`. `pairs` [3, pair] are the sentence of
    the tile, unit of the tile and unit looked at whose mass is `kept`, at these places among all.
    """

    sentence: int | None
    tokens: Tensor | None
    picked: Tensor | None
    shares: Tensor
    sides: Tensor
    units: list[tuple[int, int, int]]
    pairs: Tensor
    kept: Ints


def _followed(tokens: Tokens, words: Words | None, arcs: Arcs | None) -> Ints:
    """The pairs of units of `arcs`, in order, each once: [pair, 2]."""
    annotation = tokens.sentence.annotation
    if words is None or annotation is None or arcs is None:
        return np.zeros((0, 2), np.int64)
    pairs = {(words.of_word[word], words.of_word[other]) for word, other in arcs(annotation)}
    able = sorted(pair for pair in pairs if min(pair) >= 0 and pair[0] != pair[1])
    return np.array(able, np.int64).reshape(-1, 2)


def _shares(
    looks: Sequence[Sequence[Units]], tokens: Sequence[int], device: torch.device
) -> Tensor:
    """1 / tokens of the unit where a token belongs to it, [sentence, unit, token]."""
    places = {token: at for at, token in enumerate(tokens)}
    shares = torch.zeros(len(looks), max(map(len, looks)), len(tokens))
    for sentence, units in enumerate(looks):
        unit, token, share = zip(
            *(
                (at, places[token], 1.0 / len(group))
                for at, group in enumerate(units)
                for token in group
            ),
            strict=True,
        )
        shares[sentence, unit, token] = torch.tensor(share)
    return shares.to(device)


def _sides(words: Sequence[Words], content: Tensor) -> Tensor:
    """1 where a token belongs to a unit, is `content` [sentence, key], and always: see `_Tile`."""
    sides = torch.ones(*content.shape, max(len(units.tokens) for units in words) + 2)
    sides[..., :-2] = 0.0
    for sentence, known in enumerate(words):
        pairs = ((token, unit) for unit, group in enumerate(known.tokens) for token in group)
        token, unit = zip(*pairs, strict=True)
        sides[sentence, token, unit] = 1.0
    sides = sides.to(content.device)
    sides[..., -2] = content
    return sides


def _look(attention: LayerAttention, tile: _Tile) -> tuple[Tensor, Tensor, Tensor]:
    """What units look at, [sentence, head, unit], their mass off content, [head], and on pairs.

    The last is [head, pair], for the tile's pairs.
    """
    # Not of the layer itself, which would hold on to them.
    some = attention.bare if tile.tokens is None else attention.part(tile.tokens, tile.sentence)
    weights = some.weights
    if tile.picked is not None:
        weights = weights[tile.picked]
    # One product for all heads of a sentence: keys stand in the same place for each.
    to_sides = weights.flatten(1, 2) @ tile.sides
    by_side = tile.shares[:, None] @ to_sides.reshape(*weights.shape[:3], -1)
    to_units, on_content, on_all = by_side[..., :-2], by_side[..., -2], by_side[..., -1]
    left = on_all - on_content
    sentence, unit, key = tile.pairs
    mass = to_units[sentence, :, unit, key].T
    places = torch.arange(to_units.shape[2], device=weights.device)
    first = tile.units[0][1]
    own = places[places + first < to_units.shape[3]]
    to_units[:, :, own, own + first] = 0.0
    most = to_units.max(-1)
    looks = (on_content >= ABSTAINS) & (most.values > 0)
    return most.indices.masked_fill(~looks, -1).to(torch.int32), left.sum((0, 2)), mass
