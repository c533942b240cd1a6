"""Long sentences and layers of random attention on them."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
import torch

from attnviz.attention.layer import LayerAttention
from attnviz.attention.mask import Mask
from attnviz.text.types import Tokens
from tests.helpers.planted import Floats, sentence, visible

CPU = torch.device("cpu")
HEADS, DEPTH = 4, 3


def words(tokens: int) -> Tokens:
    """A sentence of so many tokens, the first and the last special."""
    return sentence(" ".join(["[CLS]", *(f"w{k}" for k in range(tokens - 2)), "[SEP]"]))


def random_layers(
    queries: Sequence[int],
    keys: Sequence[int] | None = None,
    *,
    causal: bool = False,
    sinks: bool = False,
) -> list[LayerAttention]:
    """Layers of random queries and keys, two query heads to a key head, padded on the right."""
    draw = torch.Generator().manual_seed(5)
    seen = visible(queries, causal=causal)
    if keys is not None:
        there = torch.arange(max(keys))[None, :] < torch.tensor(keys)[:, None]
        seen = there[:, None, None, :].expand(-1, 1, max(queries), -1).clone()
    mask, batch = Mask.of(seen), len(queries)
    return [
        LayerAttention(
            layer=number,
            query=2.0 * torch.randn(batch, HEADS, max(queries), 5, generator=draw),
            key=torch.randn(batch, 2, mask.keys, 5, generator=draw),
            scale=0.7,
            mask=mask,
            sinks=torch.randn(HEADS, generator=draw) if sinks else None,
        )
        for number in range(DEPTH)
    ]


def block_means(matrix: Floats, block: int) -> Floats:
    """Means over square blocks, block by block."""
    high, wide = (ceil(size / block) for size in matrix.shape)
    means = np.empty((high, wide))
    for i in range(high):
        for j in range(wide):
            means[i, j] = matrix[i * block : (i + 1) * block, j * block : (j + 1) * block].mean()
    return means
