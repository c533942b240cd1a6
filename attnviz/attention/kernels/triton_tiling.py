"""How large the tiles of the Triton kernels are, for a layer and a device."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
import triton  # type: ignore[import-untyped]

from attnviz.attention.inputs import LayerInputs

WIDEST = 512
"""Bytes of a query, at most: of more a tile would not fit."""

NARROW = 256
"""Bytes of a query of which large tiles fit on every GPU."""

ROOMY = 200 * 2**10
"""Shared memory of a GPU, in bytes, on which large tiles fit always."""


@dataclass(frozen=True)
class Tiling:
    """Rows and columns of tiles, `side` both, or `keys` columns in the pass over rows.

    With it go the warps that work on a tile.
    """

    side: int
    keys: int
    row_warps: int
    warps: int


TILINGS = {"large": Tiling(64, 32, 4, 8), "small": Tiling(32, 32, 4, 4)}
"""The large are what Hopper's units multiply at once, with registers to spare."""


def width(layer: LayerInputs) -> int:
    """Bytes of a query or a value in a tile, whichever has more."""
    numbers = max(layer.query.shape[-1], 0 if layer.value is None else layer.value.shape[-1])
    return padded(numbers) * min(layer.query.element_size(), 4)


def of(layer: LayerInputs) -> Tiling:
    """The tiles for a layer, on its device."""
    fits = width(layer) <= NARROW or _shared_memory(layer.query.device) >= ROOMY
    return TILINGS["large" if fits else "small"]


@cache
def _shared_memory(device: torch.device) -> int:
    """Bytes that a program may have on the chip."""
    if device.type != "cuda":
        return 0
    number = torch.cuda.current_device() if device.index is None else device.index
    properties = triton.runtime.driver.active.utils.get_device_properties(number)
    return int(properties["max_shared_mem"])


def padded(size: int) -> int:
    """A size that tiles can have."""
    return max(16, 1 << (size - 1).bit_length())
