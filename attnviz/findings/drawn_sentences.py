"""Which sentences get figures, and which heads there: those whose roles show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

READABLE = (6, 40)
"""Sentences with so many tokens are preferred: long enough to show something, short to read."""


CLEAR = 0.5
"""A head is drawn where one of its roles shows at least so clearly."""


def choose(lengths: Sequence[int], showing: NDArray[np.float64], wanted: int) -> tuple[int, ...]:
    """Places of the sentences to draw, in text order.

    `showing` [sentence, role] says how clearly each role shows, 0 to 1. Sentence by sentence, the
    one is taken that shows most of the roles least shown so far; of equals the first in the text.
    """
    few, many = READABLE
    readable = [place for place, length in enumerate(lengths) if few <= length <= many]
    rest = sorted(set(range(len(lengths))) - set(readable), key=lambda at: (lengths[at], at))
    if len(readable) < wanted:
        readable += rest[: wanted - len(readable)]
    shown = np.zeros(showing.shape[1])
    chosen: list[int] = []
    while readable and len(chosen) < wanted:
        gain = [round(float((showing[place] / (1.0 + shown)).sum()), 6) for place in readable]
        best = readable.pop(int(np.argmax(gain)))
        shown += showing[best]
        chosen.append(best)
    return tuple(sorted(chosen))


def clear(showing: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which sentences show a head [sentence]: `showing` [sentence, role] is that of its roles.

    Where no sentence shows any role clearly, the one that does most.
    """
    most = showing.max(axis=1, initial=0.0)
    return np.asarray(most >= min(CLEAR, most.max(initial=0.0)))
