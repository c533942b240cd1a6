"""Queries and keys of some heads, small enough to stand in a page: what makes their scores."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.observers.packed import MOST, HeadPlace

STEPS = 32767
"""A number is kept in 16 bits, as so many steps of the largest of its dimension."""

_LEVEL = 6

_HIDES = -1e6
"""A bias below this is a mask: some models add theirs to it."""

Floats = NDArray[np.float32]


class NeuronKeeper(Observer):
    """Packs queries and keys of some heads of each sentence; `templates/explorer/neurons.js` reads.

    Layers that hand over nothing but weights, and words that were merged, have none.
    """

    def __init__(self, heads: Collection[HeadPlace], stream: str = "") -> None:
        self.stream = stream
        self._heads = heads
        self.sentences: dict[int, dict[HeadPlace, bytes]] = {}

    def begin(self, batch: Batch, places: Sequence[int]) -> None:
        """Starts a batch of sentences."""
        both = zip(batch.sentences, batch.looked_at.sentences, strict=True)
        self._rows = [
            (row, place, (len(queries), len(keys)))
            for row, (place, (queries, keys)) in enumerate(zip(places, both, strict=True))
            if max(len(queries), len(keys)) <= MOST
        ]

    def see(self, attention: LayerAttention) -> None:
        """Packs the heads of one layer."""
        if attention.known_weights is not None or attention.query.shape[-1] == 0:
            return
        for layer, head in self._heads:
            if layer != attention.layer or head >= attention.heads:
                continue
            for row, place, size in self._rows:
                packed = _block(attention, row, head, size)
                self.sentences.setdefault(place, {})[layer, head] = packed


def fitting(
    blocks: Mapping[HeadPlace, bytes],
    order: Sequence[HeadPlace],
    asked: Collection[HeadPlace],
    room: float,
) -> dict[HeadPlace, bytes]:
    """Those that were asked for, and of the others, the first in `order` first, as many as fit.

    One of them is always there.
    """
    kept = {place: blocks[place] for place in asked if place in blocks}
    for place in order:
        if place not in blocks or place in kept:
            continue
        if kept and sum(map(len, kept.values())) + len(blocks[place]) > room:
            break
        kept[place] = blocks[place]
    return kept


def _block(attention: LayerAttention, row: int, head: int, size: tuple[int, int]) -> bytes:
    """One head of one sentence, deflated; little-endian.

    Seven float32: the width of a query, the scale of scores, the soft cap (0 for none), the sink's
    logit and 1 where there is one, the step of the bias (0 for none), 1 where a mask hides keys.
    Then float32 steps of the dimensions of queries and of keys; int16 queries [query, dimension],
    keys [key, dimension] and, if any, bias [query, key]; a bit a cell [query, key] where hidden.
    """
    queries, keys = size
    of_key = head * attention.key.shape[1] // attention.heads
    query, query_steps = _stepped(_host(attention.query[row, head, :queries]))
    key, key_steps = _stepped(_host(attention.key[row, of_key, :keys]))
    bias, bias_step, hides = _bias(attention.bias, row, head, size)
    sink = None if attention.sinks is None else float(attention.sinks[head])
    visible = attention.mask.part(slice(0, queries), row).dense()[0, 0, :, :keys].cpu().numpy()
    hides = hides | ~visible
    hidden = np.packbits(hides) if hides.any() else np.zeros(0, np.uint8)
    header = np.array(
        [
            query.shape[1],
            attention.scale,
            attention.softcap or 0.0,
            sink or 0.0,
            sink is not None,
            bias_step,
            hidden.size > 0,
        ]
    )
    floats = np.concatenate([header, query_steps, key_steps]).astype("<f4")
    parts = (floats, query.astype("<i2"), key.astype("<i2"), bias.astype("<i2"), hidden)
    return zlib.compress(b"".join(part.tobytes() for part in parts), _LEVEL)


def _bias(
    bias: Tensor | None, row: int, head: int, size: tuple[int, int]
) -> tuple[NDArray[np.int16], float, NDArray[np.bool_]]:
    """The bias of one head [query, key] in steps, the step, and the cells that it hides.

    No steps where there is none.
    """
    if bias is None:
        return np.zeros((0, 0), np.int16), 0.0, np.zeros(size, np.bool_)
    queries, keys = size
    part = _host(bias[row % bias.shape[0], head % bias.shape[1]])[:queries, :keys]
    hides = np.broadcast_to(part < _HIDES, size)
    shown = np.where(hides, 0.0, np.broadcast_to(part, size)).astype(np.float32)
    steps, step = _stepped(shown.reshape(-1, 1))
    return steps.reshape(size), float(step[0]), hides


def _host(tensor: Tensor) -> Floats:
    numbers: Floats = tensor.detach().float().cpu().numpy()
    return numbers


def _stepped(values: Floats) -> tuple[NDArray[np.int16], Floats]:
    """Values [row, column] as whole steps of each column, and these steps."""
    largest = np.abs(values).max(0, initial=0.0)
    step = np.where(largest > 0, largest / STEPS, 1.0).astype(np.float32)
    return np.rint(values / step).astype(np.int16), step
