"""Sentences of like length go through the model together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from attnviz.text.types import Tokens


@dataclass(frozen=True)
class Batch:
    """Sentences padded on the right to one length; `content` marks the content tokens."""

    sentences: tuple[Tokens, ...]
    ids: Tensor
    mask: Tensor
    content: Tensor

    @property
    def length(self) -> int:
        """Tokens of the longest sentence."""
        return self.ids.shape[1]


def make(sentences: Sequence[Tokens], pad: int, device: torch.device) -> Batch:
    """Pads and stacks sentences; all three tensors are [batch, token]."""
    length = max(len(tokens) for tokens in sentences)
    ids = np.full((len(sentences), length), pad, dtype=np.int64)
    mask = np.zeros((len(sentences), length), dtype=np.int64)
    content = np.zeros((len(sentences), length), dtype=np.bool_)
    for row, tokens in enumerate(sentences):
        ids[row, : len(tokens)] = tokens.ids
        mask[row, : len(tokens)] = 1
        content[row, : len(tokens)] = [kind == "" for kind in tokens.kinds]
    return Batch(
        tuple(sentences),
        torch.from_numpy(ids).to(device),
        torch.from_numpy(mask).to(device),
        torch.from_numpy(content).to(device),
    )


def plan(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Groups sentence indices by length so that padding is little.

    A batch holds at most `budget` cells (sentences x longest x longest), and at least one
    sentence; its members differ by at most an eighth in length.
    """
    order = sorted(range(len(lengths)), key=lambda index: (lengths[index], index))
    batches: list[list[int]] = []
    for index in order:
        length = lengths[index]
        if batches:
            shortest = lengths[batches[-1][0]]
            fits = (len(batches[-1]) + 1) * length * length <= budget
            if fits and length <= shortest + max(2, shortest // 8):
                batches[-1].append(index)
                continue
        batches.append([index])
    return batches
