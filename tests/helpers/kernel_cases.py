"""Small layers that have everything which can shape scores, and what float64 says of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attnviz.attention.kernels import measure
from attnviz.attention.layer import LayerAttention
from attnviz.attention.mask import Mask
from attnviz.attention.pack import pack
from attnviz.attention.request import JoinedRequest, Kernel
from attnviz.attention.targets import KeyTarget, MatchTarget, OffsetTarget, PairTarget, Target

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class KernelCase:
    """A kind of layer: `lengths` of its sentences, how it masks, and what shapes its scores."""

    name: str
    lengths: tuple[int, ...] = (19,)
    causal: bool = False
    window: int | None = None
    holes: bool = False
    blind: bool = False  # the first sentence's third query sees nothing
    keys: int | None = None  # in cross-attention, where sentences are looked at by others
    heads: int = 2
    key_heads: int = 1
    width: int = 8
    bias: tuple[int, int] | None = None  # its sentences and heads, 1 or all
    softcap: float | None = None
    sinks: bool = False
    dtype: torch.dtype = torch.float32
    values: int = 5  # how wide they are, 0 for none


CASES = (
    KernelCase("everything", lengths=(19, 11)),
    KernelCase("causal", causal=True, key_heads=2),
    KernelCase("window", lengths=(35,), causal=True, window=5),
    KernelCase("holes, sinks", holes=True, blind=True, sinks=True, lengths=(18, 5)),
    KernelCase("bias", bias=(1, 2), width=3, values=0),
    KernelCase("bias of each sentence, soft cap", lengths=(9, 17), bias=(2, 1), softcap=1.5),
    KernelCase("cross-attention", keys=37),
    KernelCase("float16", dtype=torch.float16, causal=True),
    KernelCase("bfloat16, sinks", dtype=torch.bfloat16, sinks=True, heads=3, key_heads=1),
)
"""Every mask and everything that shapes scores, so small that an interpreter measures them."""

BRANCHES = (
    KernelCase(
        "everything at once",
        lengths=(80, 66),
        holes=True,
        bias=(1, 1),
        softcap=1.5,
        sinks=True,
        width=32,
        values=32,
    ),
    KernelCase(
        "causal, 16 bits",
        lengths=(100,),
        causal=True,
        width=64,
        values=64,
        dtype=torch.bfloat16,
    ),
)
"""Layers that have every branch of the kernels between them, in several of their tiles."""

LONG = (
    KernelCase("long", lengths=(300, 211), heads=4, key_heads=2, width=32, values=32),
    KernelCase(
        "long, causal",
        lengths=(1000,),
        causal=True,
        width=64,
        values=64,
        dtype=torch.bfloat16,
    ),
    KernelCase("wide", lengths=(150,), causal=True, window=70, width=128, values=128, softcap=50.0),
)
"""Layers of several tiles, too large for an interpreter."""

LAYERS = (*CASES, *BRANCHES, *LONG)

BOUNDS = {
    "entropy": 1e-5,
    "distance": 1e-5,
    "confidence": 2e-6,
    "top": 2e-6,
    "total": 2e-6,
    "strip_total": 2e-6,
    "strip_square": 2e-6,
    "gini": 1e-5,
    "received": 1e-5,
    "by_offset": 1e-5,
    "masses": 1e-5,
    "head_mean": 2e-6,
    "mixed": 1e-5,
    "reached": 0.0,
}
"""What numbers of some twenty tokens may be off by, as those of the other kernels may."""

_SUMS = ("distance", "received", "by_offset", "masses")
"""Numbers that are larger in longer sentences, and may be off by more."""


def built(case: KernelCase, kernel: Kernel, device: str = "cpu") -> LayerAttention:
    """The layer of a case, asked for everything."""
    rng = np.random.default_rng(len(case.name))
    batch, queries = len(case.lengths), max(case.lengths)
    keys = case.keys or queries

    def normal(*shape: int) -> Tensor:
        return torch.from_numpy(1.5 * rng.normal(size=shape)).to(case.dtype)

    there = torch.arange(keys) < torch.tensor(case.lengths)[:, None]
    if case.keys:
        there = torch.ones(batch, keys, dtype=torch.bool)
    seen = there[:, None, :].expand(-1, queries, -1).clone()
    if case.causal:
        seen = seen.tril()
    if case.window:
        seen = seen.triu(1 - case.window)
    if case.holes:
        seen &= torch.from_numpy(rng.random(seen.shape) > 0.3)
    if case.blind:
        seen[0, 2] = False
    targets = [_targets(rng, length, case.keys or length) for length in case.lengths]
    targets[0][2] = None
    layer = LayerAttention(
        layer=0,
        query=normal(batch, case.heads, queries, case.width),
        key=normal(batch, case.key_heads, keys, case.width),
        value=normal(batch, case.key_heads, keys, case.values) if case.values else None,
        scale=0.5,
        mask=Mask.of(seen[:, None].to(device)),
        bias=normal(*case.bias, queries, keys) if case.bias else None,
        softcap=case.softcap,
        sinks=normal(case.heads) if case.sinks else None,
        joined=JoinedRequest(
            torch.from_numpy(rng.random((batch, queries)) > 0.3).to(device),
            torch.from_numpy(rng.random((batch, keys)) > 0.3).to(device),
            pack(targets, queries, keys, torch.device(device)),
            frozenset({"by_offset", "head_mean"}),
            kernel,
        ),
    )
    tensors = ("query", "key", "value", "bias", "sinks")
    there_is = {name: getattr(layer, name) for name in tensors}
    return replace(
        layer, **{name: part.to(device) for name, part in there_is.items() if part is not None}
    )


def _targets(rng: np.random.Generator, size: int, keys: int) -> list[Target | None]:
    """Targets of each kind, on few cells and on many."""

    def flags(size: int, share: float) -> NDArray[np.bool_]:
        return rng.random(size) < share

    def labels(size: int) -> NDArray[np.int64]:
        return rng.integers(-1, 3, size)

    return [
        KeyTarget(flags(size, 0.5), flags(keys, 0.9)),
        PairTarget(np.argwhere(rng.random((size, keys)) < 0.1), size),
        KeyTarget(flags(size, 0.1), flags(keys, 0.1)),
        OffsetTarget(flags(size, 0.5), (-2, 1, 90)),
        MatchTarget(labels(size), labels(keys)),
        OffsetTarget(flags(size, 0.9), (0,)),
        KeyTarget(np.ones(size, np.bool_), flags(keys, 0.5)),
        MatchTarget(labels(size), labels(keys), before=True),
        # More sets of queries, and labels, than a kernel takes at once.
        KeyTarget(flags(size, 0.5), np.ones(keys, np.bool_)),
        KeyTarget(flags(size, 0.5), np.ones(keys, np.bool_)),
        KeyTarget(flags(size, 0.5), np.ones(keys, np.bool_)),
        MatchTarget(labels(size), labels(keys), before=True),
    ]


def off(case: KernelCase, kernel: Kernel, device: str = "cpu") -> dict[str, float]:
    """By how much each number of a case is off, and that of even attention."""
    layer = built(case, kernel, device)
    weights = exact_weights(layer)
    errors = _errors(layer, weights)
    even = layer.uniform
    seen = layer.mask.dense().cpu().double().numpy()
    of_even = seen / np.maximum(seen.sum(-1, keepdims=True), 1)
    return errors | {
        f"{name} of even attention": error for name, error in _errors(even, of_even).items()
    }


def beyond(errors: dict[str, float], case: KernelCase) -> dict[str, float]:
    """The errors that are larger than any kernel's may be, in multiples of what they may be."""
    multiples = {}
    for name, error in errors.items():
        own = name.removesuffix(" of even attention")
        bound = BOUNDS[own] * (max(1.0, max(case.lengths) / 20) if own in _SUMS else 1.0)
        if own == "mixed" and case.dtype != torch.float32:
            # Mixed values are the model's own numbers, in its own type.
            bound = 8 * torch.finfo(case.dtype).eps
        if not error <= bound:
            multiples[name] = error / bound
    return multiples


def _errors(layer: LayerAttention, weights: Floats) -> dict[str, float]:
    measured, expected = measure(layer), _expected(layer, weights)
    errors = {}
    for name, numbers in expected.items():
        got = getattr(measured, name).double().cpu().numpy()
        error = np.abs(got - numbers)
        if name == "gini":
            error = error * (layer.request.sorted_rows.cpu().numpy()[:, None] >= 0)
        errors[name] = float(error.max(initial=0.0))
    return errors


def exact_weights(layer: LayerAttention) -> Floats:
    """The layer's weights in float64."""
    key, query = (part.cpu().double().numpy() for part in (layer.key, layer.query))
    scores = query @ key.repeat(layer.heads // key.shape[1], 1).swapaxes(-1, -2) * layer.scale
    if layer.softcap is not None:
        scores = layer.softcap * np.tanh(scores / layer.softcap)
    if layer.bias is not None:
        scores = scores + layer.bias.cpu().double().numpy()
    seen = layer.mask.dense().cpu().numpy()
    powers = np.where(seen, np.exp(np.where(seen, scores, 0.0)), 0.0)
    sink = np.zeros(layer.heads)
    if layer.sinks is not None:
        sink = np.exp(layer.sinks.cpu().double().numpy())
    whole = powers.sum(-1, keepdims=True) + sink[:, None, None]
    weights: Floats = powers / np.where(powers.any(-1, keepdims=True), whole, 1.0)
    return weights


def _expected(layer: LayerAttention, weights: Floats) -> dict[str, Any]:
    """Everything that a kernel measures, from weights [batch, head, query, key] alone."""
    request, (queries, keys) = layer.request, weights.shape[-2:]
    content = request.content.cpu().numpy()[:, None, :, None]
    strips = weights * request.strips.cpu().numpy()[:, None, None]
    falling, safe = -np.sort(-weights, -1), np.where(weights > 0, weights, 1.0)
    apart = np.abs(np.arange(keys) - np.arange(queries)[:, None])
    hits = _hits(layer)  # [batch, query, key, column]
    seen = layer.mask.dense().cpu().numpy()[:, 0, ..., None]
    numbers = {
        "entropy": -(safe * np.log(safe)).sum(-1),
        "distance": (weights * apart).sum(-1),
        "confidence": falling[..., 0],
        "top": falling[..., :3].sum(-1),
        "total": weights.sum(-1),
        "strip_total": strips.sum(-1),
        "strip_square": (strips**2).sum(-1),
        "gini": _ginis(layer, weights),
        "received": (weights * content).sum(2),
        "by_offset": np.stack(
            [np.trace(weights * content, k, 2, 3) for k in range(1 - queries, keys)], axis=-1
        ),
        "masses": np.einsum("bhij,bijc->bhc", weights, hits),
        "reached": (hits & seen).any(2).sum(1)[:, None],
        "head_mean": weights.mean(1),
    }
    if layer.value is not None:
        value = layer.value.cpu().double().numpy()
        numbers["mixed"] = weights @ value.repeat(layer.heads // value.shape[1], 1)
    return numbers


def _hits(layer: LayerAttention) -> NDArray[np.bool_]:
    """Which cells are a target, from how it is packed: [batch, query, key, column]."""
    packed, request = layer.request.targets, layer.request
    if packed is None:
        raise ValueError("no targets")
    batch, queries = request.content.shape
    keys = layer.mask.keys
    apart = np.arange(keys) - np.arange(queries)[:, None]
    on_keys = (packed.key_queries[:, :, None] * packed.keys[:, None]).cpu().numpy() > 0
    shape = (batch, queries, keys)
    on_offsets = np.zeros((*shape, packed.offset_queries.shape[-1]), np.bool_)
    for column, offset in packed.offsets:
        on_offsets[..., column] |= apart == offset
    on_offsets &= packed.offset_queries.cpu().numpy()[:, :, None] > 0
    on_pairs = np.zeros((*shape, packed.pair_columns), np.bool_)
    sentence, query, key, slot = packed.pairs.cpu().numpy().T
    on_pairs[sentence, query, key, slot] = True
    mine, its = (part.cpu().numpy() for part in (packed.match_queries, packed.match_keys))
    on_labels = (mine[:, :, None] == its[:, None]) & (mine[:, :, None] >= 0)
    for column, before in enumerate(packed.match_before):
        on_labels[..., column] &= apart < 0 if before else apart != 0
    nothing = np.zeros((*shape, 1), np.bool_)
    every = np.concatenate([on_keys, on_offsets, on_pairs, on_labels, nothing], -1)
    hits: NDArray[np.bool_] = every[..., packed.order.cpu().numpy()]
    return hits


def _ginis(layer: LayerAttention, weights: Floats) -> Floats:
    """Half the mean difference of two visible weights over their mean, of the sorted rows."""
    rows = layer.request.sorted_rows.cpu().numpy()
    seen = np.broadcast_to(layer.mask.dense().cpu().numpy()[:, 0], (len(rows), *weights.shape[2:]))
    out = np.zeros((*weights.shape[:2], rows.shape[1]))
    for b, h, at in np.ndindex(*out.shape):
        row = weights[b, h, rows[b, at]][seen[b, rows[b, at]]]
        if rows[b, at] >= 0 and row.sum() > 0:
            apart = np.abs(row[:, None] - row).sum()
            out[b, h, at] = apart / (2 * len(row) * row.sum())
    return out
