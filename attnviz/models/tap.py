"""The tap: each attention layer that runs is shown to a listener, then forgotten.

transformers lets an attention function be registered by name; a model loaded with that name
calls it in every layer with queries and keys after rotary embedding. Ours shows them to the
listener and attends as the model asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from attnviz.attention.layer import LayerAttention, default_scale, spread_to_heads
from attnviz.errors import InputError

Listener = Callable[[LayerAttention], None]

NAME = "attnviz"


@dataclass
class _Ear:
    """Who listens, which layer comes next, and the masks that layers share."""

    listener: Listener
    next_layer: int = 0
    seen: dict[tuple[int, torch.Size, bool], tuple[Tensor | None, Tensor]] = field(
        default_factory=dict
    )

    def layer_of(self, module: torch.nn.Module) -> int:
        """The layer's number: its module's, unless that ran before (shared layers) or has none."""
        named = getattr(module, "layer_idx", None)
        layer = named if isinstance(named, int) and named >= self.next_layer else self.next_layer
        self.next_layer = layer + 1
        return layer

    def visible(
        self, mask: Tensor | None, shape: torch.Size, device: torch.device, *, causal: bool
    ) -> Tensor:
        """The visible keys: layers with one mask get one tensor, by which observers know them."""
        # The mask is kept beside its answer, so that its id stays its own.
        asked = (id(mask), shape, causal)
        if asked not in self.seen:
            self.seen[asked] = mask, _visible(mask, shape, device, causal=causal)
        return self.seen[asked][1]


_ear: ContextVar[_Ear | None] = ContextVar("attnviz_ear", default=None)


def install() -> str:
    """Registers the tap with transformers and returns the name to load models with."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register(NAME, _attend)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    return NAME


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Shows each attention layer that runs inside to `listener`, in order.

    Raises InputError at the end if no layer came by: the model has no attention that can be
    tapped.
    """
    ear = _Ear(listener)
    token = _ear.set(ear)
    try:
        yield
    finally:
        _ear.reset(token)
    if ear.next_layer == 0:
        raise InputError(
            "The model ran, but no attention layer could be seen in it.",
            "It may have no attention, or an implementation outside transformers' attention "
            "interface; attnviz list models names the kinds that can be reported on.",
        )


def _attend(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    **more: Any,  # noqa: ANN401 - whatever an architecture passes
) -> tuple[Tensor, None]:
    """Attends for one layer: query [batch, head, query, width] to [batch, query, head, width]."""
    ear = _ear.get() or _Ear(lambda _: None)
    causal = more.get("is_causal")
    causal = getattr(module, "is_causal", True) if causal is None else causal
    shape = torch.Size((query.shape[-2], key.shape[-2]))
    attention = LayerAttention(
        layer=ear.layer_of(module),
        query=query,
        key=key,
        scale=default_scale(query.shape[-1]) if scaling is None else scaling,
        visible=ear.visible(attention_mask, shape, query.device, causal=causal),
        bias=more.get("position_bias"),
        softcap=more.get("softcap"),
        sinks=more.get("s_aux"),
    )
    ear.listener(attention)
    mixed = attention.weights.to(value.dtype) @ spread_to_heads(value, attention.heads)
    return mixed.transpose(1, 2).contiguous(), None


def _visible(
    mask: Tensor | None, shape: torch.Size, device: torch.device, *, causal: bool
) -> Tensor:
    """Which keys each query sees, boolean [batch or 1, 1, query, key], from a model's mask."""
    queries, keys = shape
    if mask is None:
        everything = torch.ones(1, 1, queries, keys, dtype=torch.bool, device=device)
        return everything.tril(keys - queries) if causal else everything
    mask = mask[..., :keys]
    return mask if mask.dtype == torch.bool else mask > torch.finfo(mask.dtype).min / 2
