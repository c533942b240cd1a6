"""The numbers of layers and heads by a model's config."""

from __future__ import annotations

from typing import Any


def layers(config: Any) -> int:  # noqa: ANN401 - transformers' own
    """Layers of a model, of the encoder where it has both; 0 where the config doesn't say."""
    names = ("decoder_layers",) if _decoder_alone(config) else ()
    return _first(config.get_text_config(), *names, "num_hidden_layers")


def heads(config: Any) -> int:  # noqa: ANN401
    """Attention heads over all layers and streams."""
    names = ("decoder_attention_heads",) if _decoder_alone(config) else ()
    per_layer = _first(config.get_text_config(), *names, "num_attention_heads") or 1
    layer_count = layers(config) or 1
    if not config.is_encoder_decoder:
        return per_layer * layer_count
    per_decoder_layer = _first(config, "decoder_attention_heads") or per_layer
    decoders = _first(config, "decoder_layers", "num_decoder_layers") or layer_count
    return per_layer * layer_count + 2 * per_decoder_layer * decoders


def key_value_heads(config: Any) -> int:  # noqa: ANN401
    """Heads of keys and values in a layer, which several heads of queries may share."""
    return _first(config.get_text_config(), "num_key_value_heads", "num_attention_heads")


def _decoder_alone(config: Any) -> bool:  # noqa: ANN401
    """Whether this is the decoder of an encoder-decoder architecture (BartForCausalLM)."""
    return not config.is_encoder_decoder and bool(getattr(config, "is_decoder", False))


def _first(config: Any, *names: str) -> int:  # noqa: ANN401
    """The first of these settings that the config has; 0 where it has none."""
    return int(next((value for name in names if (value := getattr(config, name, None))), 0))
