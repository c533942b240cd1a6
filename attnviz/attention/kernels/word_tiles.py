"""What each word looks at most, in torch: the weights of some words of all heads at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from attnviz.attention.grouping import Grouping
from attnviz.attention.inputs import LayerInputs, cells_of
from attnviz.attention.word_table import ABSTAINS
from attnviz.attention.words import Groups, Looks, WordRequest
from attnviz.text.merge import last_looks


@dataclass(frozen=True, eq=False)
class Tile:
    """Some words of some sentences of a batch.

    `sentence` of the batch and the `tokens` that look, None for all; which sentences are `picked`,
    None for all. `looking` are the tokens of the words that look, `looked_at` those of all `words`,
    `content` [sentence, key] is 1 for content. `own` [sentence, word that looks] is each word's
    place among those looked at. `real` are (sentence of the tile, word of the tile) of the words
    that are no padding, `places` theirs among all of the batch. `pairs` [3, pair] are the sentence
    of the tile, word of the tile and word looked at whose mass is asked for, and `kept` their
    places among all of the batch.
    """

    sentence: int | None
    tokens: Tensor | None
    picked: Tensor | None
    looking: Grouping
    looked_at: Grouping
    words: int
    content: Tensor
    own: Tensor
    real: tuple[Tensor, Tensor]
    places: Tensor
    pairs: Tensor
    kept: Tensor


def look(layer: LayerInputs, words: WordRequest) -> Looks:
    """What all words of a batch look at."""
    return _joined(layer, words, layer.shared("word tiles", lambda: list(_cut(layer, words))))


def look_of_some(layer: LayerInputs, words: WordRequest, some: Sequence[tuple[int, int]]) -> Looks:
    """The same for some words alone, (sentence, word); -1 and 0 for all others."""

    def make() -> list[Tile]:
        return [_tile(layer, words, [(row, word, 1)], apart=True) for row, word in some]

    return _joined(layer, words, layer.shared("some words", make))


def _joined(layer: LayerInputs, words: WordRequest, tiles: Sequence[Tile]) -> Looks:
    """What the words of some tiles look at, in the places of all words."""
    every, pairs = (sum(map(len, lists)) for lists in (words.tokens, words.pairs))
    device = layer.query.device
    best = torch.full((layer.heads, every), -1, dtype=torch.int32, device=device)
    mass = torch.zeros(layer.heads, pairs, device=device)
    left = torch.zeros(layer.heads, device=device)
    for tile in tiles:
        looks, lost, on_pairs = _look(layer, tile)
        sentence, word = tile.real
        best[:, tile.places] = looks[sentence, :, word].T
        mass[:, tile.kept] = on_pairs
        left += lost
    return Looks(best, left, mass)


def _cut(layer: LayerInputs, words: WordRequest) -> Iterator[Tile]:
    """The batch as one tile, or in long texts some words of a sentence at a time."""
    known = [row for row, groups in enumerate(words.tokens) if len(groups)]
    batch, heads, queries, _ = layer.query.shape
    cells = cells_of(layer.query.device)
    if known and batch * heads * queries * layer.mask.keys <= cells:
        yield _tile(layer, words, [(row, 0, len(words.tokens[row])) for row in known])
        return
    step = max(1, cells // (heads * layer.mask.keys))
    for row in known:
        many = len(words.tokens[row])
        for first in range(0, many, step):
            yield _tile(layer, words, [(row, first, min(step, many - first))], apart=True)


def _tile(
    layer: LayerInputs,
    words: WordRequest,
    some: Sequence[tuple[int, int, int]],
    *,
    apart: bool = False,
) -> Tile:
    """A tile of some words, (sentence, first word, number of words) of each sentence.

    `apart`: of a single sentence, and made of no more rows than its words have.
    """
    device, rows = layer.query.device, [row for row, *_ in some]
    last = last_looks(words.pieces, causal=layer.mask.causal)
    looks: list[Groups] = [
        [group[-1:] if last else group for group in words.tokens[row][first : first + many]]
        for row, first, many in some
    ]
    tokens = None
    if apart:
        tokens = torch.tensor([token for group in looks[0] for token in group], device=device)
        starts = np.cumsum([0, *map(len, looks[0])]).tolist()
        looks = [[range(*ends) for ends in pairwise(starts)]]
    known = [words.tokens[row] for row in rows]
    all_before, pairs_before = (
        np.cumsum([0, *map(len, lists)]) for lists in (words.tokens, words.pairs)
    )
    own = np.zeros((len(some), max(many for *_, many in some)), np.int64)
    pairs, kept, real, places = [], [], [], []
    for at, (row, first, many) in enumerate(some):
        own[at, :many] = np.arange(first, first + many)
        of_row = words.pairs[row]
        inside = np.flatnonzero((of_row[:, 0] >= first) & (of_row[:, 0] < first + many))
        pairs.append(np.column_stack([np.full(len(inside), at), of_row[inside] - [first, 0]]))
        kept.append(inside + pairs_before[row])
        real.append(np.stack([np.full(many, at), np.arange(many)]))
        places.append(np.arange(first, first + many) + all_before[row])

    def tensor(*parts: np.ndarray) -> Tensor:
        return torch.from_numpy(np.concatenate(parts, axis=-1).astype(np.int64)).to(device)

    sentence, word = tensor(*real)
    content = layer.request.content
    whole = apart or len(rows) == len(content)
    return Tile(
        sentence=rows[0] if apart else None,
        tokens=tokens,
        picked=None if whole else torch.tensor(rows, device=device),
        looking=Grouping.of(looks, device, mean=True),
        looked_at=Grouping.of(known, device),
        words=max(map(len, known)),
        content=content[torch.tensor(rows, device=device)].float(),
        own=tensor(own),
        real=(sentence, word),
        places=tensor(*places),
        pairs=tensor(*(part.T for part in pairs)),
        kept=tensor(*kept),
    )


def _look(layer: LayerInputs, tile: Tile) -> tuple[Tensor, Tensor, Tensor]:
    """What words look at, [sentence, head, word], their mass off content, [head], and on pairs.

    The last is [head, pair], for the tile's pairs.
    """
    # Not of the layer itself, which would hold on to them.
    some = layer.bare if tile.tokens is None else layer.part(tile.tokens, tile.sentence)
    weights = some.weights if tile.picked is None else some.weights[tile.picked]
    # [sentence, head, word, key]
    of_words = tile.looking(weights.transpose(-1, -2), tile.own.shape[1]).transpose(-1, -2)
    content = tile.content[:, None, :, None]
    on_content = (of_words @ content).squeeze(-1)
    to_words = tile.looked_at(of_words, tile.words)
    left = (of_words @ (1.0 - content)).squeeze(-1)
    sentence, word, key = tile.pairs
    mass = to_words[sentence, :, word, key].T
    to_words.scatter_(-1, tile.own[:, None, :, None].expand(*to_words.shape[:3], 1), 0.0)
    most = to_words.max(-1)
    looks = (on_content >= ABSTAINS) & (most.values > 0)
    return most.indices.masked_fill(~looks, -1).to(torch.int32), left.sum((0, 2)), mass
