"""What a view draws: the matrices that were chosen, with what is printed beside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attnviz.drawing.settings import Lens as Lens
from attnviz.text.types import TokenLabel

Floats = NDArray[np.float32] | NDArray[np.float64]


@dataclass(frozen=True)
class Panel:
    """One matrix: of a head, a mean of heads, rollout, or what a layer's edges carry of a flow.

    `name` is "L5H7", "layer 5", "all heads" or "rollout"; `weights` [query, key]; `layer` and
    `head` where it is of one. `removed` is the mean share of a query's attention that the lens
    took away, before what is left was made to sum to 1 again; 0 with the lens "all".
    """

    name: str
    weights: Floats
    layer: int | None = None
    head: int | None = None
    removed: float = 0.0


@dataclass(frozen=True)
class FlowEnds:
    """Where a flow begins and ends, on the sides of a drawing.

    It runs to `target`, by rollout in equal parts; `inputs` is what comes from each key: shares,
    or of a `maximum` flow the most that could come from it alone. Drawn is what comes from
    `source`, or from all inputs where it is empty: `total` of it in every layer, with what the
    lens hides.
    """

    target: tuple[int, ...]
    inputs: tuple[float, ...]
    total: float
    source: tuple[int, ...] = ()
    maximum: bool = False

    @property
    def name(self) -> str:
        """What kind of flow it is."""
        return "maximum flow" if self.maximum else "rollout"


@dataclass(frozen=True)
class Drawing:
    """What was chosen of one sentence in one stream.

    `queries` and `keys` name rows and columns: tokens, or words where they were merged; with the
    lens "content" special tokens are none of either. `query` is the place of the rows that were
    asked for in `queries`, empty for all. `causal` models see only keys to the left. Of a `flow`
    the panels are what its edges carry, a layer each.
    """

    model: str
    queries: tuple[TokenLabel, ...]
    keys: tuple[TokenLabel, ...]
    panels: tuple[Panel, ...]
    query: tuple[int, ...] = ()
    lens: Lens = "all"
    stream: str = ""
    causal: bool = False
    flow: FlowEnds | None = None
