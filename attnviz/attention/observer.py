"""The one way to look at a run: observers are shown each layer of each batch, once."""

from __future__ import annotations

from collections.abc import Sequence

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention
from attnviz.attention.request import Request


class Observer:
    """Says what it asks of a batch, sees it begin, its layers in order, and its end.

    It keeps what it came for.

    `stream` is the attention that it looks at: "encoder", "decoder" or "cross", or "" in a model
    that has only one.
    """

    stream = ""

    def ask(self, batch: Batch, places: Sequence[int]) -> Request:  # noqa: ARG002 - for those who need it
        """What it asks of a batch; `places` are its sentences' places in the run.

        This may be while a GPU still runs the batch before: nothing of that changes here.
        """
        return Request()

    def begin(self, batch: Batch, places: Sequence[int]) -> None:
        """A batch starts."""

    def see(self, attention: LayerAttention) -> None:
        """One layer of the batch, as measured for this observer; it is gone after this call."""

    def end(self) -> None:
        """The batch has passed its last layer."""
