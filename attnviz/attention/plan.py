"""What is wanted of every layer of a batch, so that a kernel can measure it in one pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from attnviz.attention.limits import SORTED
from attnviz.attention.pack import PackedTargets

Kernel = Literal["auto", "dense", "tiles", "fused"]


@dataclass(frozen=True, eq=False)
class Plan:
    """What to measure beyond the row functionals, which are measured always.

    `content` [batch, query] are the queries that count; `strips` [batch, key] the keys that a
    vertical strip may stand on; both boolean. `by_offset` and `head_mean` ask for these two, and
    `mixed` for the values as they are mixed even where the model itself needs them no more.
    `kernel` is who measures, "auto" the cheapest that can; `kept` is what it keeps from one layer
    of the batch to the next.
    """

    content: Tensor
    strips: Tensor
    targets: PackedTargets | None = None
    by_offset: bool = False
    head_mean: bool = False
    mixed: bool = False
    kernel: Kernel = "auto"
    kept: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def sorted_rows(self) -> Tensor:
        """The queries whose rows are sorted, [batch, row]: content, evenly spread; -1 for none."""
        content = self.content.cpu().numpy()
        counts = content.sum(-1)
        rows = np.full((len(content), min(SORTED, counts.max(initial=0))), -1)
        for sentence, count in enumerate(counts.tolist()):
            kept = min(count, rows.shape[1])
            rows[sentence, :kept] = content[sentence].nonzero()[0][
                np.arange(kept) * count // max(kept, 1)
            ]
        return torch.from_numpy(rows).to(self.content.device)
