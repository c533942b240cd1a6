"""The tap: each attention layer that runs is shown to a listener, then forgotten.

transformers lets an attention function be registered by name; a model loaded with that name
calls it in every layer with queries and keys after rotary embedding. Ours shows them to the
listener and attends as the model asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from attnviz.attention.formulas import default_scale
from attnviz.attention.layer import LayerAttention
from attnviz.attention.mask import Mask
from attnviz.attention.request import JoinedRequest
from attnviz.errors import InputError
from attnviz.models.seam import Seam

Requests = Mapping[str, JoinedRequest]
"""What is asked of the layers of each stream."""

Listener = Callable[[LayerAttention], None]

NAME = "attnviz"


class UnseenError(InputError):
    """A model ran, and no attention was seen."""


class _AllSeenError(Exception):
    """Every attention has been shown: no failure, but the only way out of a model's code."""


class Numbers:
    """Numbers the layers of each stream from 0, in the order in which they run."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    def of(self, stream: str, named: object) -> int:
        """The number that its module names, unless that ran before (shared layers) or is none."""
        least = self._next.get(stream, 0)
        layer = named if isinstance(named, int) and named >= least else least
        self._next[stream] = layer + 1
        return layer

    @property
    def none(self) -> bool:
        """Whether no layer has come by."""
        return not self._next


@dataclass
class _Ear:
    """Who listens, which layer comes next, how many are left, and the masks that layers share."""

    listener: Listener
    requests: Requests = field(default_factory=dict)
    streams: Mapping[torch.nn.Module, str] = field(default_factory=dict)
    layers: Mapping[torch.nn.Module, int] = field(default_factory=dict)
    left: int | None = None
    seam: Seam = field(default_factory=Seam)
    numbers: Numbers = field(default_factory=Numbers)
    seen: dict[tuple[int, torch.Size, bool], tuple[Tensor | None, Mask]] = field(
        default_factory=dict
    )

    def mask(
        self, mask: Tensor | None, shape: torch.Size, device: torch.device, *, causal: bool
    ) -> Mask:
        """The visible keys: layers with one mask get one `Mask`, by which observers know them."""
        # The mask is kept beside its answer, so that its id stays its own.
        asked = (id(mask), shape, causal)
        if asked in self.seen:
            return self.seen[asked][1]
        here = mask if mask is None else mask.to(device)
        # Layers elsewhere get a copy each, of which none is kept: they would fill their device.
        if here is not mask and (known := self._equal(here, shape, causal=causal)):
            return known
        known = _mask(here, shape, device, causal=causal)
        self.seen[asked] = mask, known
        return known

    def _equal(self, mask: Tensor | None, shape: torch.Size, *, causal: bool) -> Mask | None:
        """The visible keys of a mask that was seen and is the same; None where none was."""
        for (_, size, one_way), (other, known) in self.seen.items():
            if (size, one_way) != (shape, causal) or mask is None or other is None:
                continue
            if other.shape == mask.shape and torch.equal(other.to(mask.device), mask):
                return known
        return None


_ear: ContextVar[_Ear | None] = ContextVar("attnviz_ear", default=None)


def install() -> str:
    """Registers the tap with transformers and returns the name to load models with."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register(NAME, _attend)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    return NAME


@contextmanager
def listening(
    listener: Listener,
    requests: Requests | None = None,
    streams: Mapping[torch.nn.Module, str] | None = None,
    layers: Mapping[torch.nn.Module, int] | None = None,
    attentions: int | None = None,
    seam: Seam | None = None,
) -> Iterator[None]:
    """Shows each attention layer that runs inside to `listener`, in order, with what is asked.

    In an encoder-decoder model `streams` says which modules belong to which stream. `layers`
    numbers modules that have no number themselves. After `attentions` of them what runs inside is
    left: the rest of the model shows nothing. `seam` is what else is done to the run. Raises
    UnseenError at the end if no layer came by: the model has no attention that can be tapped.
    """
    ear = _Ear(listener, requests or {}, streams or {}, layers or {}, attentions, seam or Seam())
    token = _ear.set(ear)
    try:
        yield
    except _AllSeenError:
        pass
    finally:
        _ear.reset(token)
    if ear.numbers.none:
        raise UnseenError(
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
    """Attends for one layer: query [batch, head, query, width] to [batch, query, head, width].

    Raises _AllSeenError after the last.
    """
    ear = _ear.get() or _Ear(lambda _: None)
    layer = _layer(ear, module, (query, key, value), attention_mask, scaling, more)
    # Numbers are what observers are shown: kernels know no gradients.
    shown = layer.detached if ear.seam.gradients else layer
    with torch.no_grad():
        ear.listener(shown)
    if ear.left == 1:
        raise _AllSeenError
    if ear.left is not None:
        ear.left -= 1
    mixed = layer.mix(layer.weights) if ear.seam.gradients else layer.mixed
    if ear.seam.intervene is not None:
        mixed = ear.seam.intervene(shown, mixed)
    return mixed.transpose(1, 2).contiguous().to(query.device), None


def _layer(
    ear: _Ear,
    module: torch.nn.Module,
    tensors: tuple[Tensor, Tensor, Tensor],
    attention_mask: Tensor | None,
    scaling: float | None,
    more: Mapping[str, Any],
) -> LayerAttention:
    """The layer that a module attends in, from its queries, keys and values and what goes along."""
    stream = ear.streams.get(module, "")
    joined = ear.requests.get(stream)
    # Of a model that is spread over devices all layers are measured where what is asked of them
    # lies, and every batch begins.
    device = tensors[0].device if joined is None else joined.content.device
    query, key, value = (tensor.to(device) for tensor in tensors)
    causal = more.get("is_causal")
    causal = getattr(module, "is_causal", True) if causal is None else causal
    shape = torch.Size((query.shape[-2], key.shape[-2]))
    # What the last layer mixes nobody reads, so that it isn't mixed unless somebody asks.
    unread = ear.left == 1 and joined is not None and not joined.needs & {"value", "mixed"}
    return LayerAttention(
        layer=ear.numbers.of(stream, ear.layers.get(module, getattr(module, "layer_idx", None))),
        query=query,
        key=key,
        value=None if unread else value,
        scale=default_scale(query.shape[-1]) if scaling is None else scaling,
        mask=ear.mask(attention_mask, shape, device, causal=causal),
        bias=_on(device, more.get("position_bias")),
        softcap=more.get("softcap"),
        sinks=_on(device, more.get("s_aux")),
        stream=stream,
        joined=joined,
    )


def _on(device: torch.device, tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.to(device)


def _mask(mask: Tensor | None, shape: torch.Size, device: torch.device, *, causal: bool) -> Mask:
    """Which keys each query sees, from the mask that a model gives or doesn't."""
    queries, keys = shape
    if mask is None:
        return Mask.plain(queries, keys, device, causal=causal)
    mask = mask[..., :keys].expand(-1, -1, queries, -1)
    return Mask.of(mask if mask.dtype == torch.bool else mask > torch.finfo(mask.dtype).min / 2)
