"""Attention between words, from that between their tokens.

Attention to a word is the sum over its tokens; attention from it is the mean over them (Clark et
al. 2019), or that of the last one, for in a causal model the others don't see the whole word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attnviz.attention import batch as batches
from attnviz.attention.batch import Batch
from attnviz.attention.grouping import Grouping
from attnviz.attention.layer import LayerAttention
from attnviz.attention.mask import Mask
from attnviz.attention.request import JoinedRequest
from attnviz.attention.transfer import to_device
from attnviz.text.merge import Merged, Pieces, last_looks
from attnviz.text.types import Tokens

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Units:
    """Which tokens make which words, sentence by sentence of a batch.

    `word` [batch, token] is the place of each token's word, `words` for padding; `many` [batch,
    token] is how many tokens that word has, and `last` [batch, token] marks the last of them.
    `on_host` are `word` and `last` as arrays, `summed` sums over the tokens of each word.
    """

    word: Tensor
    many: Tensor
    last: Tensor
    words: int
    on_host: tuple[Ints, Bools]
    summed: Grouping

    @classmethod
    def of(
        cls, groups: Sequence[Sequence[Sequence[int]]], tokens: int, device: torch.device
    ) -> Units:
        """From the tokens of each word of each sentence, padded to so many tokens."""
        words = max(map(len, groups))
        word = torch.full((len(groups), tokens), words)
        many = torch.ones(len(groups), tokens)
        last = torch.zeros(len(groups), tokens, dtype=torch.bool)
        for row, sentence in enumerate(groups):
            for place, group in enumerate(sentence):
                word[row, list(group)] = place
                many[row, list(group)] = len(group)
                last[row, group[-1]] = True
        return cls(
            to_device(word, device),
            to_device(many, device),
            to_device(last, device),
            words,
            (word.numpy(), last.numpy()),
            Grouping.of(groups, device),
        )

    @property
    def ordered(self) -> bool:
        """Whether the tokens of every word stand side by side, words in their order."""
        return bool((np.diff(self.on_host[0]) >= 0).all())

    def shares(self, *, last: bool) -> Tensor:
        """How much each token counts where its word looks, [batch, token]; 0 for padding."""
        shares = self.last.float() if last else 1.0 / self.many
        return shares * (self.word < self.words)

    def looking(self, *, last: bool) -> Ints:
        """The word for which each token looks, [batch, token]; `words` for none. On the host."""
        word, is_last = self.on_host
        return np.where(is_last, word, self.words) if last else word


@dataclass(frozen=True, eq=False)
class Merge:
    """The words between which the layers of a batch attend, and which `pieces` look for them."""

    queries: Units
    keys: Units
    pieces: Pieces = "auto"
    _seen: dict[Mask, tuple[Mask, Tensor, Ints]] = field(
        default_factory=dict, init=False, repr=False
    )

    def _values(self, tokens: LayerAttention) -> Tensor | None:
        """The value of a word: the mean over its tokens' values, [batch, key head, word, width]."""
        if tokens.value is None:
            return None
        words = torch.arange(self.keys.words, device=self.keys.word.device)
        of_words = self.keys.word[:, None] == words[:, None]  # [batch, word, token]
        shares = of_words / self.keys.many[:, None]
        return (shares[:, None] @ tokens.value.float()).to(tokens.value.dtype)

    def layer(self, tokens: LayerAttention, joined: JoinedRequest | None) -> MergedAttention:
        """A layer between tokens as one between words."""
        if tokens.mask not in self._seen:  # most layers share theirs
            last = last_looks(self.pieces, causal=tokens.mask.causal)
            shares = self.queries.shares(last=last)
            looking = self.queries.looking(last=last)
            self._seen[tokens.mask] = _mask(tokens.mask, self, shares), shares, looking
        mask, shares, looking = self._seen[tokens.mask]
        return MergedAttention(
            layer=tokens.layer,
            query=tokens.query.new_zeros(*tokens.query.shape[:2], self.queries.words, 0),
            key=tokens.key.new_zeros(*tokens.key.shape[:2], self.keys.words, 0),
            scale=1.0,
            mask=mask,
            sinks=tokens.sinks,
            stream=tokens.stream,
            value=self._values(tokens) if joined is not None and "value" in joined.needs else None,
            joined=joined,
            tokens=tokens,
            shares=shares,
            looking=looking,
            units=(self.queries.word, self.keys),
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class MergedAttention(LayerAttention):
    """A layer between words, made from one between `tokens`; `query` and `key` are of width 0.

    `shares` [batch, token] is how much each token counts where its word looks, `looking` [batch,
    token] that word, on the host; `units` are the word of each query, [batch, token], and those of
    the keys. The value of a word, where it is asked for, is the mean over its tokens' values. In a
    part of the layer, of one `sentence` or all, `shares` is [batch, word, token], for the words
    that look and the tokens that are left of the layer.
    """

    tokens: LayerAttention
    shares: Tensor
    looking: Ints
    units: tuple[Tensor, Units]
    sentence: int | None = None

    @cached_property
    def weights(self) -> Tensor:
        """[batch, head, word, word], float32."""
        if self.shares.dim() == 2:
            return self.part(slice(None)).weights
        summed, of_tokens = self.units[1].summed, self.tokens.weights
        if self.sentence is not None:
            summed = summed.of_one(self.sentence)
        return self.shares[:, None] @ summed(of_tokens, self.mask.keys)

    def part(self, rows: slice | Tensor, sentence: int | None = None) -> MergedAttention:
        """The same layer with some words that look, of all sentences of the batch or of one."""
        here = slice(None) if sentence is None else slice(sentence, sentence + 1)
        shares, queries, device = self.shares[here], self.units[0][here], self.shares.device
        chosen = rows if isinstance(rows, slice) else rows.cpu().numpy()
        on_host = np.arange(self.mask.queries)[chosen]
        places = np.full(self.mask.queries + 1, len(on_host))
        places[on_host] = np.arange(len(on_host))
        counting = (places[self.looking[here]] < len(on_host)).any(0)
        words, place, looking = (
            to_device(part, device) for part in (on_host, places, np.flatnonzero(counting))
        )
        of_words = shares.new_zeros(len(shares), len(words) + 1, len(looking))
        of_words.scatter_(1, place[queries[:, looking]][:, None], shares[:, None, looking])
        return replace(
            self,
            query=self.query[here, :, words],
            key=self.key[here],
            value=None if self.value is None else self.value[here],
            mask=self.mask.part(rows, sentence),
            joined=None,
            tokens=self.tokens.part(looking, sentence),
            shares=of_words[:, :-1],
            looking=self.looking[here],
            units=(queries[:, looking], self.units[1]),
            sentence=sentence if self.sentence is None else self.sentence,
        )

    @property
    def mixes(self) -> bool:
        """A word's value is a mean that no layer hands on."""
        return False

    @property
    def bare(self) -> MergedAttention:
        """All that the weights need."""
        return replace(self, value=None, joined=None, tokens=self.tokens.bare)

    @property
    def held(self) -> int:
        """Bytes of all that the weights need."""
        return self.tokens.held

    def _uniform(self) -> MergedAttention:
        # Even over tokens: a head that looks nowhere in particular gives long words more.
        return replace(
            self,
            query=self.query[:, :1],
            key=self.key[:, :1],
            value=None,
            sinks=None,
            joined=self.request.without_words,
            tokens=self.tokens.uniform,
        )


def _mask(tokens: Mask, merge: Merge, shares: Tensor) -> Mask:
    """Which words each word sees: those of which it sees a token."""
    if tokens.holes is not None or not (merge.queries.ordered and merge.keys.ordered):
        return _dense_mask(tokens, merge, shares)
    queries, keys = merge.queries, merge.keys
    word = torch.where(shares > 0, queries.word, queries.words)
    first, last = (edge.expand_as(word) for edge in (tokens.first, tokens.last))
    nothing = word.new_zeros(len(word), queries.words + 1)
    starts = nothing.scatter_reduce(1, word, first, "amin", include_self=False)[:, :-1]
    stops = nothing.scatter_reduce(1, word, last, "amax", include_self=False)[:, :-1]
    sees = stops > starts
    begin = keys.word.gather(1, starts.clamp(max=tokens.keys - 1))
    end = keys.word.gather(1, (stops - 1).clamp_min(0)) + 1
    return Mask(begin * sees, end * sees, keys.words)


def _dense_mask(tokens: Mask, merge: Merge, shares: Tensor) -> Mask:
    queries, keys = merge.queries, merge.keys
    sentences = len(shares)
    looks = shares.new_zeros(sentences, queries.words + 1, shares.shape[1])
    looks.scatter_(1, queries.word[:, None], (shares > 0).float()[:, None])
    seen = looks[:, :-1] @ tokens.dense()[:, 0].float().expand(sentences, -1, -1)
    words = keys.word[:, None].expand_as(seen)
    tokens_seen = seen.new_zeros(*seen.shape[:2], keys.words + 1).scatter_add_(-1, words, seen)
    return Mask.of(tokens_seen[:, None, :, :-1] > 0)


@dataclass(frozen=True)
class Wording:
    """The texts of a run in words, and which pieces of a word look for it."""

    sentences: Sequence[Merged]
    targets: Sequence[Merged] | None = None
    pieces: Pieces = "auto"

    @property
    def texts(self) -> tuple[list[Tokens], list[Tokens] | None]:
        """The sentences and the targets, a token a word."""
        targets = None if self.targets is None else [text.tokens for text in self.targets]
        return [text.tokens for text in self.sentences], targets

    def picked(self, places: Sequence[int]) -> Wording:
        """Some of the texts."""
        targets = self.targets and [self.targets[place] for place in places]
        return Wording([self.sentences[place] for place in places], targets, self.pieces)

    def batch(
        self, batched: Mapping[str, Batch], places: Sequence[int]
    ) -> tuple[dict[str, Batch], dict[str, Merge]]:
        """By stream: the batch in words, and how its layers are merged."""

        def of(texts: Sequence[Merged], batch: Batch) -> tuple[Batch, Units]:
            of_batch, device = [texts[place] for place in places], batch.ids.device
            groups = [text.groups for text in of_batch]
            words = batches.make([text.tokens for text in of_batch], 0, device)
            return words, Units.of(groups, batch.length, device)

        def merge(queries: Units, keys: Units) -> Merge:
            return Merge(queries, keys, self.pieces)

        if self.targets is None:
            words, units = of(self.sentences, batched[""])
            return {"": words}, {"": merge(units, units)}
        source, keys = of(self.sentences, batched["encoder"])
        target, queries = of(self.targets, batched["decoder"])
        return (
            {"encoder": source, "decoder": target, "cross": replace(target, keys=source)},
            {
                "encoder": merge(keys, keys),
                "decoder": merge(queries, queries),
                "cross": merge(queries, keys),
            },
        )
