"""The one way to look at a run: observers are shown each layer of each batch, once."""

from __future__ import annotations

from collections.abc import Sequence

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention


class Observer:
    """Sees a batch begin, its layers in order, and its end; keeps what it came for."""

    def begin(self, batch: Batch, places: Sequence[int]) -> None:
        """A batch starts; `places` are its sentences' places in the run."""

    def see(self, attention: LayerAttention) -> None:
        """One layer of the batch; it is gone after this call."""

    def end(self) -> None:
        """The batch has passed its last layer."""
