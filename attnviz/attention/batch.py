"""Sentences of like length go through the model together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attnviz.attention.transfer import to_device
from attnviz.text.types import Tokens


@dataclass(frozen=True)
class Batch:
    """Sentences padded on the right to one length.

    `ids` and `mask` are what the model takes, and of pairs of texts the token `types`; `content`
    marks the content tokens; all [batch, token]. What the sentences look at are the sentences
    themselves, or in cross-attention the `keys`.
    """

    sentences: tuple[Tokens, ...]
    ids: Tensor
    mask: Tensor
    content: Tensor
    keys: Batch | None = None
    types: Tensor | None = None

    @property
    def looked_at(self) -> Batch:
        """The batch whose tokens are the keys."""
        return self.keys or self

    @property
    def strips(self) -> Tensor:
        """The keys that a vertical strip may stand on: content, but not what stands first.

        That is a sink in many models, and a role of its own. Boolean [batch, key].
        """
        strips = self.looked_at.content.clone()
        strips[:, 0] = False
        return strips

    @cached_property
    def on_host(self) -> NDArray[np.bool_]:
        """Which tokens are content, [batch, token], without asking the device."""
        content = np.zeros((len(self.sentences), self.length), np.bool_)
        for row, tokens in enumerate(self.sentences):
            content[row, : len(tokens)] = tokens.content
        return content

    @property
    def padded(self) -> bool:
        """Whether any sentence is shorter than the longest."""
        return any(len(tokens) < self.length for tokens in self.sentences)

    @property
    def length(self) -> int:
        """Tokens of the longest sentence."""
        return self.ids.shape[1]


def make(sentences: Sequence[Tokens], pad: int, device: torch.device) -> Batch:
    """Pads and stacks sentences; all tensors are [batch, token]."""
    length = max(len(tokens) for tokens in sentences)
    ids = np.full((len(sentences), length), pad, dtype=np.int64)
    mask = np.zeros((len(sentences), length), dtype=np.int64)
    content = np.zeros((len(sentences), length), dtype=np.bool_)
    for row, tokens in enumerate(sentences):
        ids[row, : len(tokens)] = tokens.ids
        mask[row, : len(tokens)] = 1
        content[row, : len(tokens)] = tokens.content
    return Batch(
        tuple(sentences),
        to_device(ids, device),
        to_device(mask, device),
        to_device(content, device),
        types=_types(sentences, length, device),
    )


def _types(sentences: Sequence[Tokens], length: int, device: torch.device) -> Tensor | None:
    if not any(tokens.types for tokens in sentences):
        return None
    types = np.zeros((len(sentences), length), dtype=np.int64)
    for row, tokens in enumerate(sentences):
        types[row, : len(tokens.types)] = tokens.types
    return to_device(types, device)


def by_length(lengths: Sequence[int], budget: int, most: int | None = None) -> list[list[int]]:
    """Groups sentence indices by length so that padding is little.

    A batch holds at most `budget` cells (sentences x longest x longest) and `most` tokens, and at
    least one sentence; its members differ by at most an eighth in length.
    """
    order = sorted(range(len(lengths)), key=lambda index: (lengths[index], index))
    batches: list[list[int]] = []
    for index in order:
        length = lengths[index]
        if batches:
            shortest = lengths[batches[-1][0]]
            tokens = (len(batches[-1]) + 1) * length
            fits = tokens * length <= budget and (most is None or tokens <= most)
            if fits and length <= shortest + max(2, shortest // 8):
                batches[-1].append(index)
                continue
        batches.append([index])
    return batches
