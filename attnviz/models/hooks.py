"""The fallback: weights are taken from what the attention modules return, layer by layer.

For models that attend in their own code. They run with eager attention and are told to return
their weights; a hook on each attention module measures them and passes on an empty tensor, so
that no more than one layer's weights are held.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention
from attnviz.attention.mask import Mask
from attnviz.errors import InputError
from attnviz.models.finite import broken
from attnviz.models.readers import Size, reader
from attnviz.models.streams import Stream, number
from attnviz.models.tap import Listener, Numbers, Requests, UnseenError
from attnviz.models.values import Heard


@dataclass(frozen=True)
class Site:
    """An attention module, as it was found when the model was loaded.

    `causal`: no query sees a key to its right. `pooled`: its queries or keys are no tokens, so
    that it is left out.
    """

    module: nn.Module
    path: str
    stream: Stream
    layer: int = 0
    causal: bool = False
    pooled: bool = False


@dataclass(frozen=True)
class SiteWeights:
    """What one module returned: weights [batch, head, query, key], or of another shape.

    `value` [batch, head, key, width] are the values that it mixes, None where they weren't asked
    for or can't be told.
    """

    site: Site
    weights: Tensor
    value: Tensor | None = None


def candidates(model: nn.Module, streams: Mapping[nn.Module, Stream]) -> list[Site]:
    """Every module that may attend: those called attention that hold no other of the kind."""

    def called(module: nn.Module) -> bool:
        return "attention" in type(module).__name__.lower()

    return [
        Site(module, path, streams.get(module, ""))
        for path, module in model.named_modules()
        if called(module) and sum(map(called, module.modules())) == 1
    ]


@contextmanager
def hooked(
    sites: Sequence[Site],
    sizes: Mapping[str, Size],
    see: Callable[[SiteWeights], None],
    with_values: Collection[str] = (),
) -> Iterator[None]:
    """Shows `see` the weights of each of the modules as it runs, and takes them away.

    `sizes` are the queries and keys of each stream; `with_values` names the streams of whose
    modules the values are asked for too.
    """

    def hook_for(site: Site, heard: Heard | None) -> Callable[..., Any]:
        reads = reader(site.module)

        def hook(_: nn.Module, __: object, returned: Any) -> Any:  # noqa: ANN401 - as returned
            place = reads.find(returned)
            if place is None:
                return returned
            weights = reads.read(returned[place], sizes[site.stream])
            value = None
            if heard is not None and weights.dim() == 4:
                value = heard.value(weights, tuple(returned))
            see(SiteWeights(site, weights, value))
            return reads.emptied(returned, place)

        return hook

    with ExitStack() as stack:
        for site in sites:
            heard = Heard() if site.stream in with_values else None
            # First of all hooks: transformers' own would keep the weights.
            handles = [site.module.register_forward_hook(hook_for(site, heard), prepend=True)]
            handles += heard.listen(site.module) if heard is not None else []
            for handle in handles:
                stack.callback(handle.remove)
        yield


def sites(returned: Sequence[SiteWeights], sizes: Mapping[str, Size]) -> tuple[Site, ...]:
    """The modules that attend, from what they returned in a run without padding.

    Layers are numbered as the modules' paths number them. A layer is causal where every weight
    right of the diagonal is exactly 0 in all heads: a softmax gives 0 to what is masked, while
    to what is seen it gives 0 only by underflow, and hardly to all of many cells.
    """
    made: dict[nn.Module, Site] = {}
    for stream in {each.site.stream: None for each in returned}:
        of_stream = {each.site.module: each for each in returned if each.site.stream == stream}
        named = [number(each.site.path) for each in of_stream.values()]
        unique = None not in named and len(set(named)) == len(named)
        for running, (module, each) in enumerate(of_stream.items()):
            size, weights = sizes[stream], each.weights
            pooled = weights.dim() != 4 or weights.shape[-2:] != size
            made[module] = Site(
                module,
                each.site.path,
                each.site.stream,
                layer=int(named[running] or 0) if unique else running,
                causal=not pooled and size[0] == size[1] > 1 and not weights.triu(1).any(),
                pooled=pooled,
            )
    return tuple(made.values())


@contextmanager
def listening(
    sites: Sequence[Site],
    batches: Mapping[str, Batch],
    listener: Listener,
    requests: Requests | None = None,
) -> Iterator[None]:
    """Shows each attention layer that runs inside to `listener`, in order, with what is asked.

    Raises InputError where what the modules return can't be attention.
    """
    numbers, masks = Numbers(), dict[tuple[object, ...], Mask]()
    requests = requests or {}

    def see(returned: SiteWeights) -> None:
        site, batch = returned.site, batches[returned.site.stream]
        if site.pooled:
            return
        key = site.stream, site.causal, reader(site.module).reach(site.module)
        mask = masks[key] = masks.get(key) or visible(site, batch)
        # Of a run with gradients, too, numbers are shown, and where the batch lies.
        weights = returned.weights.detach().to(batch.ids.device)
        _check(site, weights, mask, batch)
        nothing = weights.new_zeros(*weights.shape[:3], 0)
        layer = LayerAttention(
            layer=numbers.of(site.stream, site.layer),
            query=nothing,
            key=nothing.new_zeros(*nothing.shape[:2], mask.keys, 0),
            scale=1.0,
            mask=mask,
            value=None if returned.value is None else returned.value.detach().to(weights.device),
            stream=site.stream,
            known_weights=weights,
            joined=requests.get(site.stream),
        )
        with torch.no_grad():
            listener(layer)

    sizes = {stream: (batch.length, batch.looked_at.length) for stream, batch in batches.items()}
    valued = [name for name, asked in requests.items() if asked.needs & {"value", "mixed"}]
    with hooked(sites, sizes, see, valued):
        yield
    if numbers.none:
        raise UnseenError(
            "The model ran, but its attention modules returned no weights.",
            "Run `attnviz list models` for the kinds that can be reported on.",
        )


def visible(site: Site, batch: Batch) -> Mask:
    """The keys that a layer's queries see: no padding, in causal layers none to the right."""
    seen = batch.looked_at.mask.bool()[:, None, None, :].expand(-1, 1, batch.length, -1)
    reach = reader(site.module).reach(site.module)
    rows = torch.arange(batch.length, device=seen.device)[:, None]
    apart = torch.arange(seen.shape[-1], device=seen.device) - rows
    if site.causal:
        seen = seen & (apart <= 0)
    if reach is not None:
        seen = seen & (apart >= -reach[0]) & (apart <= reach[1])
    return Mask.of(seen)


def _check(site: Site, weights: Tensor, mask: Mask, batch: Batch) -> None:
    """Raises InputError unless the rows of all tokens sum to 1 over the keys that they see."""
    size = batch.length, batch.looked_at.length
    if weights.dim() != 4 or weights.shape[-2:] != size:
        shape = " x ".join(map(str, weights.shape))
        raise InputError(
            f"{site.path} returned something of shape {shape}, and not weights for {size[0]} "
            f"queries and {size[1]} keys.",
            "Run `attnviz list models` for the kinds that can be reported on.",
        )
    sums = (weights.float() * mask.dense()).sum(-1).transpose(1, 2)[batch.mask.bool()]
    # In 16 bits each weight is off by up to a 256th, most of which cancels.
    within = 1e-3 if weights.dtype == torch.float32 else 2e-2
    off = float((sums - 1).abs().max()) if sums.numel() else 0.0
    if math.isnan(off):
        raise broken(site.layer, site.stream, "its weights", getattr(site.module, "config", None))
    if off > within:
        raise InputError(
            f"{site.path} returned rows that don't sum to 1 over the keys that they see: "
            f"one is off by {off:.3g}.",
            "Its numbers would mean nothing; please report the model's type as a bug.",
        )
