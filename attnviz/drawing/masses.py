"""How much of the attention of some words goes to some keys: for `draw`, `weights` and `check`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from attnviz.drawing.drawing import Floats
from attnviz.drawing.lens import content_only
from attnviz.drawing.settings import Lens
from attnviz.drawing.side import Places, Side


def masses(
    matrices: Floats,
    words: Sequence[Places],
    looked_at: NDArray[np.bool_],
    keys: Side,
    lens: Lens = "all",
) -> tuple[NDArray[np.float64], float]:
    """The mass [matrix] that each of `matrices` [matrix, query, key] puts where it is asked to.

    Of each of the `words`, the tokens that look for it, the mean; over words the mean. `looked_at`
    [query, key] says which keys of each query count. Also the mean share of these queries'
    attention that the lens takes away.
    """
    total, removed = np.zeros(len(matrices)), 0.0
    for word in words:
        rows = matrices[:, list(word)].astype(np.float64)
        if lens == "content":
            rows, shares = content_only(rows, keys)
            removed += float(shares.mean()) / len(words)
        total += (rows * looked_at[list(word)]).sum(-1).mean(-1) / len(words)
    return total, removed
