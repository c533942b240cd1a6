"""Which sentences get figures: the readable ones on which the roles that were found can show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

READABLE = (6, 40)
"""Sentences with so many tokens are preferred: long enough to show something, short to read."""


def choose(lengths: Sequence[int], events: NDArray[np.float64], wanted: int) -> tuple[int, ...]:
    """Places of the sentences to draw, in text order.

    `events` [sentence, role] counts each role's events. Sentence by sentence, the one is taken
    that shows most of the roles least shown so far; of equals the first in the text.
    """
    few, many = READABLE
    readable = [place for place, length in enumerate(lengths) if few <= length <= many]
    rest = sorted(set(range(len(lengths))) - set(readable), key=lambda at: (lengths[at], at))
    if len(readable) < wanted:
        readable += rest[: wanted - len(readable)]
    shown = np.zeros(events.shape[1])
    there = events > 0
    chosen: list[int] = []
    while readable and len(chosen) < wanted:
        gain = [float((there[place] / (1.0 + shown)).sum()) for place in readable]
        best = readable.pop(int(np.argmax(gain)))
        shown += there[best]
        chosen.append(best)
    return tuple(sorted(chosen))
