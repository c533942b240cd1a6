"""What is asked of the words of a batch, and what a kernel says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from attnviz.text.merge import Pieces

Ints = NDArray[np.int64]

Groups = Sequence[Sequence[int]]
"""The tokens of each word of a sentence."""


@dataclass(frozen=True, eq=False)
class WordRequest:
    """The words of a batch of which it is asked what they look at most.

    `tokens` [sentence][word] are those of each word; a sentence whose words aren't known has none.
    `pairs` [sentence] are words of it, [pair, 2], the looking one and another whose mass is asked
    for, in rising order. `pieces` says which tokens of a word look for it.
    """

    tokens: Sequence[Groups]
    pairs: Sequence[Ints]
    pieces: Pieces = "auto"


@dataclass(frozen=True, eq=False)
class Looks:
    """What the words of a batch look at, sentence after sentence, in one layer.

    `best` [head, word] is the place in its sentence of the other word looked at most, of equals
    the first, -1 for none; int32. `left` [head] is the mass off content, summed over the words,
    and `mass` [head, pair] that on each pair asked for; float32.
    """

    best: Tensor
    left: Tensor
    mass: Tensor
