"""Room for sums that stay while the layers pass."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_LEAST, _MOST = 2**14, 2**20
"""Numbers that are made at once: twice as many each time, for clearing memory takes time too."""


class Shelf:
    """Hands out zeros that stand side by side.

    An array that stays, made between a layer's large tensors, would stand in the room that they
    leave, and the next layer's would no longer fit there: memory would grow with every layer.
    """

    def __init__(self) -> None:
        self._room = np.zeros(0)
        self._next = _LEAST

    def zeros(self, shape: tuple[int, ...]) -> Array:
        """An array of zeros, float64."""
        size = prod(shape)
        if size > len(self._room):
            self._room = np.zeros(max(size, self._next))
            self._next = min(2 * self._next, _MOST)
        room, self._room = self._room[:size], self._room[size:]
        return room.reshape(shape)
