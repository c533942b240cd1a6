"""How far each head looks: its attention by offset j - i, beside that of uniform attention."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attnviz.measurement.fixed import floats
from attnviz.measurement.stream import StreamSums
from attnviz.observers.totals import OFFSETS_OWN, OFFSETS_ROWS, OFFSETS_UNIFORM

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Offsets:
    """Share of a content query's attention by offset, mean over the content queries.

    `own` and `uniform` [head of the whole model, 2 REACH + 3]: offset k at index k + REACH + 1, all
    offsets beyond REACH in the first and the last place. A row sums to 1, or to less where a sink
    logit takes mass. `causal`: no query saw a key to its right.
    """

    own: Array
    uniform: Array
    causal: bool


def mean_offsets(sums: StreamSums) -> Offsets | None:
    """The means that `OffsetKeeper` made sums for; None in cross-attention."""
    if OFFSETS_ROWS not in sums.totals:
        return None
    rows = np.maximum(sums.totals[OFFSETS_ROWS], 1)[:, None]
    own, uniform = (floats(sums.totals[name]) / rows for name in (OFFSETS_OWN, OFFSETS_UNIFORM))
    return Offsets(own, uniform, sums.causal)
