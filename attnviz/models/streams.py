"""The stream and the layer of a module, by its path in the model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from torch import nn

Stream = Literal["", "encoder", "decoder", "cross"]

ALL: tuple[Stream, ...] = ("encoder", "decoder", "cross")

# `encoder_attn` (BART), `EncDecAttention` (T5), `cross_attn` (T5Gemma), `crossattention` (BERT).
_CROSS = re.compile(r"(?:^|\.)(?:encoder_attn|encdecattention|cross_?att(?:n|ention))(?:\.|$)")


def number(path: str) -> int | None:
    """The number in a path such as `encoder.layer.3.attention`, None for none or several."""
    indices = [int(part) for part in path.split(".") if part.isdecimal()]
    return indices[0] if len(indices) == 1 else None


def numbers(model: nn.Module) -> Mapping[nn.Module, int]:
    """Modules without a layer number (Zamba 2) -> the number in their path."""
    layers = {
        module: number(path)
        for path, module in model.named_modules()
        if isinstance(index := getattr(module, "layer_idx", None), int) and index < 0
    }
    return {module: layer for module, layer in layers.items() if layer is not None}


def streams(model: Any) -> Mapping[nn.Module, Stream]:  # noqa: ANN401 - transformers' own
    """Every module of an encoder-decoder model -> its stream; empty for other models.

    The decoder's cross-attention is known by its name; when the model is loaded, that is checked by
    the number of keys that each module attends to.
    """
    if not model.config.is_encoder_decoder:
        return {}
    stream_of: dict[nn.Module, Stream] = dict.fromkeys(model.get_encoder().modules(), "encoder")
    for path, module in model.get_decoder().named_modules():
        stream_of[module] = "cross" if _CROSS.search(path.lower()) else "decoder"
    return stream_of
