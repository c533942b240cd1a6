"""The one way to look at a run: observers are shown each layer of each batch, once."""

from __future__ import annotations

from collections.abc import Sequence

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention
from attnviz.attention.request import Request


class Observer:
    """Sees a batch begin, its layers in order, and its end; keeps what it came for.

    `stream` is the attention that it looks at: "encoder", "decoder" or "cross", or "" in a model
    that has only one.
    """

    stream = ""

    def begin(self, batch: Batch, places: Sequence[int]) -> Request:  # noqa: ARG002 - for those who need it
        """A batch starts; `places` are its sentences' places in the run."""
        return Request()

    def see(self, attention: LayerAttention) -> None:
        """One layer of the batch, as measured for this observer; it is gone after this call."""

    def end(self) -> None:
        """The batch has passed its last layer."""
