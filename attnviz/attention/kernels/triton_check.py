"""Whether the Triton kernels can be trusted where they are: they are tried before they are used.

What a compiler makes of them differs from GPU to GPU and from release to release. So on a device,
and for each kind of layer, they first measure a small one, and what they say must be what torch
says.
"""

from __future__ import annotations

import logging
import subprocess
from dataclasses import fields
from functools import cache

import numpy as np
import torch
from torch import Tensor
from triton.errors import TritonError  # type: ignore[import-untyped]

from attnviz.attention.inputs import LayerInputs
from attnviz.attention.kernels import tiles, triton_layer
from attnviz.attention.mask import Mask
from attnviz.attention.measured import Measured
from attnviz.attention.pack import pack
from attnviz.attention.request import JoinedRequest
from attnviz.attention.targets import KeyTarget, MatchTarget, OffsetTarget, PairTarget, Target

_REFUSALS = (TritonError, subprocess.CalledProcessError, ImportError, OSError, RuntimeError)
"""What comes where Triton, the C compiler that it calls, or the driver takes a kernel for none."""

_SIZE = 100
"""Tokens of the layer that is tried: some tiles, the last of them not full."""

_BOUND = 1e-4
"""Numbers may differ by so much, and so much of themselves."""


@cache
def _agrees(
    device: torch.device, dtype: torch.dtype, sizes: tuple[int, ...], shaped: tuple[bool, ...]
) -> bool:
    """Tries a layer of a kind; see `agrees`."""
    layer = _layer(device, dtype, sizes, shaped)
    try:
        ours, theirs = triton_layer.measure(layer), tiles.measure(layer)
    except _REFUSALS as error:
        logging.getLogger(__name__).warning("Triton's kernels are refused here: %s", error)
        return False
    if apart := _apart(ours, theirs):
        logging.getLogger(__name__).warning("Triton is wrong here in %s", ", ".join(apart))
    return not apart


def agrees(layer: LayerInputs) -> bool:
    """Whether the Triton kernels measure a small layer of this kind as torch operations do.

    Tried once for each kind, which takes as long as they take to compile.
    """
    value = 0 if layer.value is None else layer.value.shape[-1]
    group = layer.heads // layer.key.shape[1]
    shaped = layer.mask.causal, layer.softcap is not None, layer.bias is not None
    return _agrees(
        layer.query.device,
        layer.query.dtype,
        (group, layer.query.shape[-1], value),
        (*shaped, layer.sinks is not None, layer.mask.holes is not None),
    )


def _layer(
    device: torch.device, dtype: torch.dtype, sizes: tuple[int, ...], shaped: tuple[bool, ...]
) -> LayerInputs:
    """A layer of random numbers, asked for everything."""
    rng = np.random.default_rng(0)
    (group, width, value), (causal, capped, biased, sinks, holes) = sizes, shaped

    def normal(*shape: int) -> Tensor:
        return torch.from_numpy(rng.normal(size=shape)).to(dtype).to(device)

    def flags(share: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return rng.random(_SIZE) < share

    labels = rng.integers(-1, 9, _SIZE)
    targets: list[Target | None] = [
        KeyTarget(flags(0.9), flags(0.5)),
        KeyTarget(flags(0.1), flags(0.1)),
        OffsetTarget(flags(0.9), (-3, 0, 1)),
        PairTarget(np.argwhere(rng.random((_SIZE, _SIZE)) < 0.02), _SIZE),
        MatchTarget(labels, labels),
        MatchTarget(labels, labels, before=True),
    ]
    seen = np.ones((_SIZE, _SIZE), np.bool_)
    if holes:
        seen &= rng.random(seen.shape) > 0.2
    if causal:
        seen = np.tril(seen)
    content = torch.from_numpy(flags(0.9)[None]).to(device)
    return LayerInputs(
        layer=0,
        query=normal(1, group, _SIZE, width),
        key=normal(1, 1, _SIZE, width),
        value=normal(1, 1, _SIZE, value) if value else None,
        scale=2.0 * width**-0.5,
        mask=Mask.of(torch.from_numpy(seen[None, None]).to(device)),
        bias=normal(1, 1, _SIZE, _SIZE) if biased else None,
        softcap=2.0 if capped else None,
        sinks=normal(group) if sinks else None,
        joined=JoinedRequest(
            content,
            content,
            pack([targets], _SIZE, _SIZE, device),
            frozenset({"by_offset", "head_mean"}),
        ),
    )


def _apart(ours: Measured, theirs: Measured) -> list[str]:
    """The names of what differs."""
    apart = []
    for field in fields(Measured):
        mine, other = getattr(ours, field.name), getattr(theirs, field.name)
        if isinstance(other, Tensor):
            # Values are mixed in the model's own type.
            bound = max(_BOUND, 8 * torch.finfo(other.dtype).eps)
            if not torch.allclose(mine.float(), other.float(), rtol=bound, atol=bound):
                apart.append(field.name)
    return apart
