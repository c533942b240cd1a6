"""`LayerInputs`: what one attention layer is given for one batch, and its weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self, TypeVar

import torch
from torch import Tensor

from attnviz.attention.formulas import shaped, spread_to_heads
from attnviz.attention.mask import Mask
from attnviz.attention.needs import Need
from attnviz.attention.request import JoinedRequest

Made = TypeVar("Made")

CELLS = {"cpu": 2**20}
"""Weights of a tile: on a CPU they should stay in its cache."""

_MANY = 2**26


def cells_of(device: torch.device) -> int:
    """How many weights are made at a time on a device."""
    return CELLS.get(device.type, _MANY)


@dataclass(frozen=True, eq=False)
class LayerInputs:
    """One layer's queries and keys for one batch, with all that shapes the scores.

    `query` [batch, head, query, width]; `key` and `value` [batch, key head, key, width], where a
    key head serves head / key head query heads; `scale` multiplies the scores, `softcap` bounds
    them (Gemma 2), `bias` [batch or 1, head or 1, query, key] is added (T5); `mask` says which
    keys a query sees. `sinks` [head] are extra logits that take mass without being tokens, so
    that rows then sum to less than 1 (gpt-oss). `stream` tells the attentions of an
    encoder-decoder model apart: "encoder", "decoder" or "cross"; "" where there is one only.
    `known_weights` [batch, head, query, key] are there where a model hands over nothing else;
    then `query` and `key` are of width 0. `joined` is what a kernel measures in one pass.
    """

    layer: int
    query: Tensor
    key: Tensor
    scale: float
    mask: Mask
    value: Tensor | None = None
    bias: Tensor | None = None
    softcap: float | None = None
    sinks: Tensor | None = None
    stream: str = ""
    known_weights: Tensor | None = None
    joined: JoinedRequest | None = None

    @property
    def heads(self) -> int:
        """Number of query heads."""
        return self.query.shape[1]

    @property
    def counts(self) -> Tensor:
        """|V_i|, how many keys each query sees: float [batch or 1, 1, query]."""
        return self.mask.counts

    @property
    def mixes(self) -> bool:
        """Whether there are values that the weights mix."""
        return self.value is not None

    def has(self, need: Need) -> bool:
        """Whether this layer can have what an observer needs of it; values it may lack."""
        return {"value": self.value is not None, "mixed": self.mixes}.get(need, True)

    @property
    def bare(self) -> Self:
        """All that the weights need."""
        return replace(self, value=None, joined=None)

    @property
    def detached(self) -> Self:
        """The same numbers, through which no gradient flows."""
        return replace(
            self,
            query=self.query.detach(),
            key=self.key.detach(),
            value=_detached(self.value),
            bias=_detached(self.bias),
            sinks=_detached(self.sinks),
            known_weights=_detached(self.known_weights),
        )

    @property
    def held(self) -> int:
        """Bytes of all that the weights need."""
        parts = (self.query, self.key, self.known_weights, self.bias)
        return sum(part.numel() * part.element_size() for part in parts if part is not None)

    @cached_property
    def request(self) -> JoinedRequest:
        """What is measured; where nobody said, every query counts."""
        if self.joined is not None:
            return self.joined
        batch, device = self.query.shape[0], self.query.device
        content = torch.ones(batch, self.query.shape[2], dtype=torch.bool, device=device)
        strips = torch.ones(batch, self.mask.keys, dtype=torch.bool, device=device)
        return JoinedRequest(content, strips)

    def shared(self, name: str, make: Callable[[], Made]) -> Made:
        """What depends on the batch and the mask alone, made for the first layer that asks."""
        kept = self.request.kept
        if (name, self.mask) not in kept:
            kept[name, self.mask] = make()
        made: Made = kept[name, self.mask]
        return made

    @cached_property
    def weights(self) -> Tensor:
        """The attention matrix a_ij, float32 [batch, head, query, key]; 0 where nothing is seen."""
        seen = self.mask.dense()
        if self.known_weights is not None:
            return self.known_weights.float() * seen
        key = spread_to_heads(self.key.float(), self.heads)
        scores = torch.matmul(self.query.float(), key.transpose(-1, -2)).mul_(self.scale)
        scores = shaped(scores, self.softcap, self.bias)
        # Not -inf: a padded query may see no key at all, and its row must not become NaN.
        scores.masked_fill_(~seen, torch.finfo(torch.float32).min)
        if self.sinks is None:
            weights = scores.softmax(-1)
        else:
            sink = self.sinks.float().view(1, -1, 1, 1).expand(*scores.shape[:-1], 1)
            weights = torch.cat([scores, sink], -1).softmax(-1)[..., :-1]
        # A gradient needs the softmax as it was.
        return weights * seen if weights.requires_grad else weights.mul_(seen)

    def mix(self, weights: Tensor) -> Tensor:
        """Values times `weights` [batch, head, query, key], in the values' own type.

        [batch, head, query, width]. Raises ValueError where the layer has no values.
        """
        if self.value is None:
            raise ValueError("this layer has no values to mix")
        return weights.to(self.value.dtype) @ spread_to_heads(self.value, self.heads)

    def part(self, rows: slice | Tensor, sentence: int | None = None) -> Self:
        """The same layer with some queries only, of all sentences of the batch or of one.

        Its `weights` are those rows of the whole, and no more is made than these.
        """
        sentences = slice(None) if sentence is None else slice(sentence, sentence + 1)
        return replace(
            self,
            query=self.query[sentences, :, rows],
            key=self.key[sentences],
            value=None if self.value is None else self.value[sentences],
            mask=self.mask.part(rows, sentence),
            bias=_part(self.bias, sentences, rows),
            known_weights=_part(self.known_weights, sentences, rows),
            joined=None,
        )

    def tiles(self, rows: int | None = None) -> Iterator[Self]:
        """Parts of the layer one after the other, so that nobody needs the matrix as a whole.

        Each of so many `rows`, by default of as many as suit the device: their weights take no
        more than a few MiB, however long the sentence is.
        """
        batch, heads, queries, _ = self.query.shape
        if rows is None:
            cells = cells_of(self.query.device)
            rows = max(1, cells // (batch * heads * max(1, self.mask.keys)))
        for start in range(0, queries, rows):
            yield self.part(slice(start, start + rows))


def _detached(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.detach()


def _part(whole: Tensor | None, sentences: slice, rows: slice | Tensor) -> Tensor | None:
    """Some queries of a tensor [batch or 1, head or 1, query or 1, key]."""
    if whole is None:
        return None
    whole = whole if whole.shape[0] == 1 else whole[sentences]
    return whole if whole.shape[2] == 1 else whole[:, :, rows]
