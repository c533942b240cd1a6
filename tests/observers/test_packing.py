"""Weights packed for the page: as large as they were within 0.004, and in as little room."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from attnviz.attention import batch as batches
from attnviz.observers.packed import Packed
from attnviz.observers.packing import STEPS, PackedKeeper, steps
from tests.helpers.planted import Floats, layer, see, sentence

Bytes = NDArray[np.uint8]

WEIGHTS = np.array([[[0.25, 0.75], [1.0, 0.0]], [[0.5, 0.1], [0.01, 0.99]]])


def packed(*layers: Floats, room: float = 10_000, pad: int = 0) -> Packed:
    """One sentence of two tokens, alone or beside a longer one."""
    sentences = [sentence("one two")]
    if pad:
        sentences.append(sentence(" ".join(f"w{k}" for k in range(2 + pad))))
    size = len(sentences[-1])
    even = np.full((2, size, size), 1.0 / size)
    keeper = PackedKeeper(room)
    batch = batches.make(sentences, 0, torch.device("cpu"))
    shown = [
        layer([weights, *[even] * (len(sentences) - 1)], number=number)
        for number, weights in enumerate(layers)
    ]
    see(shown, [keeper], batch, range(len(sentences)))
    return keeper.sentences[0]


def roots(block: bytes) -> tuple[Bytes, Bytes]:
    """The roots [head, query, key] and the sums [head, query] of a block of two heads."""
    data = np.frombuffer(zlib.decompress(block), dtype=np.uint8)
    return data[:8].reshape(2, 2, 2), data[8:].reshape(2, 2)


@pytest.mark.parametrize("pad", [0, 3])
def test_a_block_holds_roots_of_weights_and_sums_of_rows(pad: int) -> None:
    found = packed(WEIGHTS, WEIGHTS[::-1].copy(), pad=pad)
    assert found.heads == {0: 2, 1: 2}
    weights, sums = roots(found.layers[0])
    # sqrt(1/4) = 127.5 / 255, which rounds to the even one of both neighbours.
    assert weights[0].tolist() == [[128, 221], [255, 0]]
    # The mask shares out what is missing in the row of 0.5 and 0.1.
    assert sums.tolist() == [[255, 255], [255, 255]]
    assert np.abs((weights[1, 1] / STEPS) ** 2 - WEIGHTS[1, 1]).max() < 0.004


def test_no_weight_is_off_by_more_than_is_said() -> None:
    every = torch.linspace(0, 1, 100_001)
    back = (steps(every.sqrt()).astype(float) / STEPS) ** 2
    assert np.abs(back - every.numpy()).max() < 0.004


def test_what_takes_more_room_than_there_is_is_dropped() -> None:
    whole = packed(WEIGHTS, WEIGHTS)
    needed = sum(map(len, whole.layers.values()))
    assert packed(WEIGHTS, WEIGHTS, room=needed) == whole
    assert packed(WEIGHTS, WEIGHTS, room=needed - 1) == Packed(fits=False)
    assert packed(WEIGHTS, room=0) == Packed(fits=False)
