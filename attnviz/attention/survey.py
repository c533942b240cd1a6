"""What each layer is: its heads, the heads of its keys, and how far its queries see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.attention.request import Request


@dataclass(frozen=True)
class Layer:
    """A layer that has attention; `window` is the most keys a query sees, None for all."""

    number: int
    heads: int
    key_heads: int
    window: int | None


class Surveyor(Observer):
    """Notes what each layer is."""

    def __init__(self, stream: str = "") -> None:
        self.stream = stream
        self._heads: dict[int, tuple[int, int]] = {}
        self._widest: dict[int, int] = {}
        self._longest = 0
        self._causal: dict[int, bool] = {}

    def begin(self, batch: Batch, places: Sequence[int]) -> Request:  # noqa: ARG002 - an observer
        """Starts a batch."""
        self._longest = max(self._longest, *map(len, batch.looked_at.sentences))
        return Request()

    def see(self, attention: LayerAttention) -> None:
        """Notes one layer."""
        layer = attention.layer
        self._heads[layer] = attention.heads, attention.key.shape[1]
        widest = int(attention.counts.max())
        self._widest[layer] = max(widest, self._widest.get(layer, 0))
        self._causal[layer] = self._causal.get(layer, True) and attention.mask.causal

    @property
    def causal(self) -> bool:
        """Whether no query of any layer saw a key to its right."""
        return all(self._causal.values())

    def layers(self) -> tuple[Layer, ...]:
        """Every layer that was seen. A window shows once a sentence is longer than it."""
        return tuple(
            Layer(
                number,
                heads,
                keys,
                widest if (widest := self._widest[number]) < self._longest else None,
            )
            for number, (heads, keys) in sorted(self._heads.items())
        )
