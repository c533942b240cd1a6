"""How what is measured on a device comes to the host: once a batch, so that neither waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[Any]

Use = Callable[..., None]
"""Takes arrays, and keeps what it wants of them."""


class Handover:
    """Numbers on their way to the host, in the order in which they were measured."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Use, tuple[Tensor | Array, ...]]] = []

    def add(self, use: Use, *numbers: Tensor | Array) -> None:
        """Has `use` called with the numbers as arrays.

        At once where they are on the host, else when the batch has ended: see `settle`.
        """
        if any(is_away(part) for part in numbers):
            self._waiting.append((use, numbers))
        else:
            use(*(part.numpy() if isinstance(part, Tensor) else part for part in numbers))

    def settle(self) -> None:
        """Brings what is waiting to the host, all of a type in one copy."""
        waiting, self._waiting = self._waiting, []
        tensors = {
            id(part): part for _, numbers in waiting for part in numbers if isinstance(part, Tensor)
        }
        there = dict(zip(tensors, _fetched(list(tensors.values())), strict=True))
        for use, numbers in waiting:
            use(*(there.get(id(part), part) for part in numbers))


def is_away(part: Tensor | Array) -> bool:
    """Whether numbers are on a device that is not the host."""
    return isinstance(part, Tensor) and part.device.type != "cpu"


def _fetched(tensors: list[Tensor]) -> list[Array]:
    """Tensors as arrays, those of one device and type copied together."""
    arrays: list[Array] = [np.zeros(0)] * len(tensors)
    kinds = [(tensor.device, tensor.dtype) for tensor in tensors]
    for kind in dict.fromkeys(kinds):
        places = [at for at, own in enumerate(kinds) if own == kind]
        flat = torch.cat([tensors[at].reshape(-1) for at in places]).cpu().numpy()
        ends = np.cumsum([tensors[at].numel() for at in places])
        for at, part in zip(places, np.split(flat, ends[:-1]), strict=True):
            arrays[at] = part.reshape(tensors[at].shape)
    return arrays
