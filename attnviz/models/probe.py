"""A first run on a few tokens says whether a model takes text, and where its attention is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn

from attnviz.attention.layer import LayerAttention
from attnviz.attention.request import JoinedRequest
from attnviz.errors import AttnvizError, InputError
from attnviz.models import finite, hooks, tap
from attnviz.models.architectures import REFUSED
from attnviz.models.explain import first_line, stopped, unsupported
from attnviz.models.readers import Size
from attnviz.models.streams import ALL, Stream, number

SOURCE, TARGET = 8, 5
"""Tokens of the run, for encoder-decoder models of source and target: of different lengths, as
that tells what a module attends to."""

_OTHER_INPUTS = re.compile(
    r"pixel_values|input_features|input_values|attention_bbox|positional arg"
)
"""What a model says that wants pictures or sound beside the text."""


@dataclass
class Seen:
    """What the run showed. `causal`: in every layer of the decoder no query sees ahead.

    `attentions`: how often the tap was called; None where attention was seen otherwise.
    """

    streams: tuple[Stream, ...] = ()
    causal: bool = False
    attentions: int | None = None
    sites: tuple[hooks.Site, ...] = ()
    notes: list[str] = field(default_factory=list)


def by_tap(
    model: Any,  # noqa: ANN401 - transformers' own
    streams: Mapping[nn.Module, Stream],
    inputs: dict[str, Tensor],
) -> Seen:
    """Runs a model whose attention the tap computes; sees nothing where it has its own code."""
    sizes, layers = _sizes(streams), list[LayerAttention]()

    def see(layer: LayerAttention) -> None:
        found = layer.query.shape[2], layer.mask.keys
        if found != sizes[layer.stream]:
            raise unsupported(
                model.config.model_type,
                f"a layer has {found[0]} queries and {found[1]} keys where there are "
                f"{sizes[layer.stream][0]} and {sizes[layer.stream][1]} tokens",
                yet="",
            )
        finite.check_layer(layer, model.config)
        layers.append(layer)

    try:
        with tap.listening(see, _requests(sizes, inputs["input_ids"].device), streams):
            _run(model, inputs)
    except tap.UnseenError:
        return Seen()
    one_way = [layer.mask.causal for layer in layers if layer.stream in ("", "decoder")]
    return Seen(
        _ordered({layer.stream for layer in layers}),
        causal=bool(one_way) and all(one_way),
        attentions=len(layers),
    )


def by_hooks(
    model: Any,  # noqa: ANN401
    streams: Mapping[nn.Module, Stream],
    inputs: dict[str, Tensor],
) -> Seen:
    """Runs a model with eager attention, and finds the modules that return weights."""
    sizes, returned = _sizes(streams), list[hooks.SiteWeights]()

    def see(each: hooks.SiteWeights) -> None:
        if not finite.is_finite(each.weights):
            layer = number(each.site.path) or 0
            raise finite.broken(layer, each.site.stream, "its weights", model.config)
        returned.append(each)

    with hooks.hooked(hooks.candidates(model, streams), sizes, see):
        _run(model, inputs, output_attentions=True)
    sites = hooks.sites(returned, sizes)
    used = [site for site in sites if not site.pooled]
    if len(used) < len(sites) and model.config.model_type != "funnel":
        odd = next(one for one in returned if one.site.path not in {site.path for site in used})
        shape = " x ".join(map(str, odd.weights.shape))
        raise unsupported(model.config.model_type, f"{odd.site.path} returns weights of {shape}")
    one_way = [site.causal for site in used if site.stream in ("", "decoder")]
    seen = Seen(
        _ordered({site.stream for site in used}),
        causal=bool(one_way) and all(one_way),
        sites=sites,
    )
    if len(used) < len(sites):
        seen.notes.append(
            f"{len(sites) - len(used)} of {len(sites)} layers attend to pooled tokens and are "
            "left out; rollout passes them over."
        )
    return seen


def inputs(
    tokenizer: Any,  # noqa: ANN401 - transformers' own
    device: torch.device,
    *,
    encoder_decoder: bool,
) -> dict[str, Tensor]:
    """A few tokens [1, token] for source and, in encoder-decoder models, target."""
    ids = tokenizer("a")["input_ids"] or [0]
    source = torch.tensor([(ids * SOURCE)[:SOURCE]], device=device)
    if not encoder_decoder:
        return {"input_ids": source}
    return {"input_ids": source, "decoder_input_ids": source[:, :TARGET]}


def refuse(kind: str) -> None:
    """Raises InputError for a kind of which it is known that it can't be measured."""
    if kind in REFUSED:
        raise unsupported(kind, REFUSED[kind], yet="")


def nothing_seen(model: Any) -> InputError:  # noqa: ANN401
    """The error for a model that ran without showing any attention."""
    kind = model.config.model_type
    if not any("attention" in type(module).__name__.lower() for module in model.modules()):
        return unsupported(kind, "they have no attention", yet="")
    return unsupported(kind, "their attention is hidden inside their own code")


def _sizes(streams: Mapping[nn.Module, Stream]) -> Mapping[str, Size]:
    if not streams:
        return {"": (SOURCE, SOURCE)}
    return {"encoder": (SOURCE, SOURCE), "decoder": (TARGET, TARGET), "cross": (TARGET, SOURCE)}


def _requests(sizes: Mapping[str, Size], device: torch.device) -> dict[str, JoinedRequest]:
    """Requests that count every query; by the tiles, as for so little nothing need be compiled."""

    def every(tokens: int) -> Tensor:
        return torch.ones(1, tokens, dtype=torch.bool, device=device)

    return {
        stream: JoinedRequest(every(queries), every(keys), kernel="tiles")
        for stream, (queries, keys) in sizes.items()
    }


def _run(model: Any, inputs: dict[str, Tensor], **options: Any) -> None:  # noqa: ANN401
    if getattr(model.config, "use_cache", None):
        options["use_cache"] = False
    try:
        with torch.inference_mode():
            model(**inputs, **options)
    except AttnvizError:
        raise
    except Exception as error:
        kind, said = model.config.model_type, str(error)
        if "input_ids" not in signature(model.forward).parameters or _OTHER_INPUTS.search(said):
            why = f"they don't run on text alone ({first_line(error)[:-1]})"
            raise unsupported(kind, why) from error
        if (known := stopped(f"The model, of type {kind}, stops on its first text", error)) is None:
            raise
        raise known from error


def _ordered(found: set[Any]) -> tuple[Stream, ...]:
    return ("",) if found == {""} else tuple(stream for stream in ALL if stream in found)
