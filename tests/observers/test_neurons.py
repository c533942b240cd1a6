"""Queries and keys packed for the page: the scores made of them are the model's."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from attnviz.attention import batch as batches
from attnviz.attention.layer import LayerAttention
from attnviz.attention.mask import Mask
from attnviz.observers.neurons import NeuronKeeper, fitting
from tests.helpers.planted import sentence

Floats = NDArray[np.float64]

QUERIES, KEYS, WIDTH, HEADS = 5, 7, 6, 4


def weights_of(block: bytes, queries: int, keys: int) -> Floats:
    """The weights [query, key] that the page makes of a block."""
    data = zlib.decompress(block)
    width, scale, cap, sink, has_sink, bias_step, masked = np.frombuffer(data, "<f4", 7).astype(
        np.float64
    )
    steps = np.frombuffer(data, "<f4", 2 * int(width), 28).reshape(2, -1)
    at = 28 + steps.nbytes
    query = np.frombuffer(data, "<i2", queries * int(width), at).reshape(queries, -1) * steps[0]
    at += query.size * 2
    key = np.frombuffer(data, "<i2", keys * int(width), at).reshape(keys, -1) * steps[1]
    at += key.size * 2
    scores = query @ key.T * scale
    if cap:
        scores = cap * np.tanh(scores / cap)
    if bias_step:
        scores = scores + np.frombuffer(data, "<i2", scores.size, at).reshape(queries, keys) * (
            bias_step
        )
        at += scores.size * 2
    if masked:
        bits = np.unpackbits(np.frombuffer(data, np.uint8, -1, at))[: scores.size]
        scores = np.where(bits.reshape(queries, keys) > 0, -np.inf, scores)
    sinks = np.full((queries, 1), sink if has_sink else -np.inf)
    raised = np.exp(np.hstack([scores, sinks]) - scores.max(1, keepdims=True))
    made: Floats = (raised / raised.sum(1, keepdims=True))[:, :-1]
    return made


def attention(**more: Any) -> LayerAttention:
    """A layer of one sentence whose scores are far apart, with two dimensions that stand out."""
    draw = torch.Generator().manual_seed(3)
    stands_out = torch.tensor([1.0, 1.0, 12.0, 1.0, 1.0, 25.0])
    query = torch.randn(1, HEADS, QUERIES, WIDTH, generator=draw) * stands_out
    key = torch.randn(1, more.pop("key_heads", HEADS), KEYS, WIDTH, generator=draw)
    plain = Mask.plain(QUERIES, KEYS, query.device, causal=False)
    usual: dict[str, Any] = {"layer": 0, "scale": 0.4, "mask": plain}
    return LayerAttention(query=query, key=key, **(usual | more))


def packed(shown: LayerAttention, heads: set[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """What is kept of a sentence of `QUERIES` tokens and its `KEYS` keys."""
    queries, keys = (sentence(" ".join("abcdefg"[:count])) for count in (QUERIES, KEYS))
    keeper = NeuronKeeper(heads)
    device = torch.device("cpu")
    batch = replace(batches.make([queries], 0, device), keys=batches.make([keys], 0, device))
    keeper.begin(batch, [0])
    keeper.see(shown)
    return keeper.sentences.get(0, {})


HIDES = torch.rand(1, 1, QUERIES, KEYS, generator=torch.Generator().manual_seed(1)) > 0.4


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"key_heads": 2},
        {"softcap": 5.0},
        {"bias": 3.0 * torch.randn(1, HEADS, QUERIES, KEYS, generator=torch.Generator())},
        {"bias": 3.0 * torch.randn(1, 1, 1, KEYS, generator=torch.Generator())},
        {"bias": torch.where(HIDES, 0.5, torch.finfo(torch.float32).min)},
        {"sinks": torch.tensor([1.0, 3.0, -2.0, 0.5])},
        {"mask": Mask.of(HIDES)},
        {"mask": Mask.plain(QUERIES, KEYS, torch.device("cpu"), causal=True), "softcap": 9.0},
    ],
    ids=["plain", "groups", "cap", "bias", "of keys", "hiding bias", "sink", "holes", "causal"],
)
def test_the_weights_are_the_models(more: dict[str, Any]) -> None:
    shown = attention(**more)
    right = shown.weights[0].double().numpy()

    blocks = packed(shown, {(0, head) for head in range(HEADS)} | {(1, 0), (0, 9)})

    assert set(blocks) == {(0, head) for head in range(HEADS)}
    for (_, head), block in blocks.items():
        made = weights_of(block, QUERIES, KEYS)
        assert np.abs(made - right[head]).max() < 0.004
    if "mask" not in more:
        assert right.max() - right.min() > 0.5


def test_a_layer_of_weights_alone_has_none() -> None:
    alone = replace(attention(), known_weights=torch.full((1, HEADS, QUERIES, KEYS), 1 / KEYS))
    assert packed(alone, {(0, 0)}) == {}


def test_those_asked_for_and_of_the_others_as_many_as_fit() -> None:
    blocks = {(0, head): b"x" * 10 for head in range(4)}

    assert list(fitting(blocks, [(0, 2), (0, 1), (0, 0)], (), 20)) == [(0, 2), (0, 1)]
    assert list(fitting(blocks, [(0, 2), (0, 1)], [(0, 3), (5, 5)], 25)) == [(0, 3), (0, 2)]
    assert list(fitting(blocks, [(0, 2), (0, 1)], (), 1)) == [(0, 2)]
