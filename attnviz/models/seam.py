"""What a run may do beyond being looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from attnviz.attention.layer import LayerAttention


@dataclass(frozen=True)
class Seam:
    """Where the course of a run can be changed, and what more it hands over.

    `intervene` gets each layer and what its heads mix, [batch, head, query, width], and returns
    what they hand on; observers see the layer as it would have been. With `gradients` autograd
    records the run, heads mixing by plain torch operations; observers see numbers alone.
    `hidden_states` gets a stream ("encoder" and "decoder", or "") and its hidden states, [batch,
    token, width], the embeddings first and then those after each layer, batch by batch.
    """

    intervene: Callable[[LayerAttention, Tensor], Tensor] | None = None
    gradients: bool = False
    hidden_states: Callable[[str, tuple[Tensor, ...]], None] | None = None
