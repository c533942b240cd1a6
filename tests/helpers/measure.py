"""Kernels against plain float64 sums over the matrices that a model hands over by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from attnviz.attention.batch import Batch
from attnviz.attention.kernels import has_fused
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.attention.request import Kernel, Request
from attnviz.attention.targets import KeyTarget, MatchTarget, OffsetTarget, PairTarget
from attnviz.models.load import LoadedModel
from attnviz.models.related import Related
from attnviz.text.types import Tokens

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

KERNELS: tuple[Kernel, ...] = ("dense", "tiles", *(("fused",) if has_fused() else ()))
"""Without the extra `fast` there is no fused kernel to compare."""

_LARGE = ("distance", "received", "by_offset", "masses")
_STEPS = (-1, 2)
_LABELS = 3


def _cells(queries: int, keys: int) -> list[tuple[int, int]]:
    """Some pairs of query and key."""
    return [(i, (2 * i + 1) % keys) for i in range(0, queries, 2)]


class Recorder(Observer):
    """Keeps every layer of its stream, and asks for every kind of target."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.layers: dict[int, LayerAttention] = {}

    def ask(self, batch: Batch, places: Sequence[int]) -> Request:  # noqa: ARG002
        lengths = batch.mask.sum(1).tolist(), batch.looked_at.mask.sum(1).tolist()
        targets = [
            (
                KeyTarget(np.arange(n) > 0, np.arange(m) % 2 == 0),
                OffsetTarget(np.ones(n, np.bool_), _STEPS),
                PairTarget(np.array(_cells(n, m)), n),
                MatchTarget(np.arange(n) % _LABELS, np.arange(m) % _LABELS, before=True),
            )
            for n, m in zip(*lengths, strict=True)
        ]
        return Request(targets, frozenset({"by_offset", "head_mean"}))

    def begin(self, batch: Batch, places: Sequence[int]) -> None:  # noqa: ARG002
        self.batch = batch

    def see(self, attention: LayerAttention) -> None:
        assert attention.layer not in self.layers
        self.layers[attention.layer] = attention


@torch.inference_mode()
def errors(layer: LayerAttention, batch: Batch, exact: Floats) -> dict[str, float]:
    """The greatest errors of a layer's weights, and of each number by each kernel.

    Against `exact`, weights [batch, head, query, key] in float64. Distances and sums over queries
    are relative to their size; padded queries are left out.
    """
    rows, keys = _inside(batch)
    exact = exact * rows[:, None, :, None]
    expected = reference(exact, rows, keys)
    weights = layer.weights.double().numpy() * rows[:, None, :, None]
    off = {"weights": _error(weights, exact)}
    assert layer.joined is not None
    for kernel in KERNELS:
        measured = replace(layer, joined=replace(layer.joined, kernel=kernel)).measured
        for name, numbers in expected.items():
            got = getattr(measured, name)
            if got.shape[-1] == rows.shape[1] and name != "received":
                got = got * batch.mask[:, None]
            if name == "gini":
                got = got * (layer.joined.sorted_rows >= 0)[:, None]
            off[f"{name}, {kernel}"] = _off(name, got.double().numpy(), numbers)
    return off


def eager_errors(eager: Floats, batch: Batch, exact: Floats) -> dict[str, float]:
    """The same of the weights that eager float32 attention returns."""
    rows, keys = _inside(batch)
    own, exact = (weights * rows[:, None, :, None] for weights in (eager, exact))
    expected = reference(exact, rows, keys)
    off = {
        name: _off(name, got, expected[name]) for name, got in reference(own, rows, keys).items()
    }
    return off | {"weights": _error(own, exact)}


def hidden_errors(outputs: Any, exact: Any, inputs: dict[str, Any]) -> dict[str, float]:
    """Of the last hidden states outside the padding, relative to the greatest value."""
    masks = {"last_hidden_state": inputs["attention_mask"]}
    if "decoder_attention_mask" in inputs:
        masks = {
            "encoder_last_hidden_state": inputs["attention_mask"],
            "last_hidden_state": inputs["decoder_attention_mask"],
        }
    off = {}
    for name, mask in masks.items():
        expected = exact[name]
        inside = torch.ones(expected.shape[:2]) if mask is None else mask
        error = (outputs[name] - expected)[inside.bool()].abs().max()
        off[name] = float(error / max(1.0, float(expected.abs().max())))
    return off


def _inside(batch: Batch) -> tuple[Bools, Bools]:
    """Which queries, and which keys, are no padding."""
    return batch.mask.bool().numpy(), batch.looked_at.mask.bool().numpy()


def _off(name: str, got: Floats, expected: Floats) -> float:
    scale = np.maximum(1.0, np.abs(expected)) if name in _LARGE else 1.0
    return _error(got / scale, expected / scale)


def reference(weights: Floats, rows: Bools, keys: Bools) -> dict[str, Any]:
    """Everything that a kernel measures, from weights [batch, head, query, key] alone."""
    _, _, queries, wide = weights.shape
    place = np.arange(wide)
    apart = np.abs(place - np.arange(queries)[:, None])
    safe = np.where(weights > 0, weights, 1.0)
    falling = -np.sort(-weights, axis=-1)
    return {
        "entropy": -(safe * np.log(safe)).sum(-1),
        "distance": (weights * apart).sum(-1),
        "confidence": falling[..., 0],
        "top": falling[..., :3].sum(-1),
        "total": weights.sum(-1),
        "gini": _ginis(weights, rows),
        "received": weights.sum(2),
        "by_offset": np.stack(
            [np.trace(weights, k, 2, 3) for k in range(1 - queries, wide)], axis=-1
        ),
        "masses": _masses(weights, rows, keys),
    }


def _ginis(weights: Floats, rows: Bools) -> Floats:
    """Half the mean absolute difference of two visible weights over their mean."""
    # What no head sees is masked.
    seen = np.asarray((weights > 0).any(1, keepdims=True))
    pairs = seen[..., :, None] & seen[..., None, :]
    apart = np.abs(weights[..., :, None] - weights[..., None, :]) * pairs
    count = seen.sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = apart.sum((-2, -1)) / (2 * count * weights.sum(-1))
    most = int(rows.sum(1).max())
    return np.where(rows[:, None], np.nan_to_num(found), 0.0)[..., :most]


def _masses(weights: Floats, rows: Bools, keys: Bools) -> Floats:
    """Mass on the four targets of `Recorder`, [batch, head, column]."""
    out = np.zeros((*weights.shape[:2], 4))
    for b in range(len(weights)):
        n, m = int(rows[b].sum()), int(keys[b].sum())
        for i in range(n):
            for j in range(m):
                hits = (
                    i > 0 and j % 2 == 0,
                    j - i in _STEPS,
                    (i, j) in _cells(n, m),
                    i % _LABELS == j % _LABELS and j < i,
                )
                out[b] += weights[b, :, i, j, None] * np.array(hits)
    return out


def _error(found: Floats, expected: Floats) -> float:
    return float(np.abs(found - expected).max())


def with_related(loaded: LoadedModel, texts: Sequence[Tokens]) -> list[Tokens]:
    """Texts with their related words, as these texts alone show which those are."""
    return Related.fitted(loaded, texts).within(texts)
