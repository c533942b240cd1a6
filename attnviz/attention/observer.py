"""The one way to look at a run: observers are shown each layer of each batch, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention
from attnviz.attention.pack import PackedTargets
from attnviz.attention.plan import Kernel, Plan


@dataclass(frozen=True)
class Wants:
    """What an observer asks of every layer of a batch; see `attnviz.attention.plan.Plan`."""

    targets: PackedTargets | None = None
    by_offset: bool = False
    head_mean: bool = False
    mixed: bool = False


def plan(batch: Batch, wants: Sequence[Wants], kernel: Kernel = "auto") -> Plan:
    """What several observers want of a batch together; one of them may have targets."""
    targets = [one.targets for one in wants if one.targets is not None]
    return Plan(
        batch.content,
        batch.strips,
        targets=targets[0] if targets else None,
        by_offset=any(one.by_offset for one in wants),
        head_mean=any(one.head_mean for one in wants),
        mixed=any(one.mixed for one in wants),
        kernel=kernel,
    )


class Observer:
    """Sees a batch begin, its layers in order, and its end; keeps what it came for.

    `stream` is the attention that it looks at: "encoder", "decoder" or "cross", or "" in a model
    that has only one.
    """

    stream = ""

    def begin(self, batch: Batch, places: Sequence[int]) -> Wants:  # noqa: ARG002 - for those who need it
        """A batch starts; `places` are its sentences' places in the run."""
        return Wants()

    def see(self, attention: LayerAttention) -> None:
        """One layer of the batch; it is gone after this call."""

    def end(self) -> None:
        """The batch has passed its last layer."""
