"""How many layers and heads a config promises."""

from __future__ import annotations

from typing import Any


def layers(config: Any) -> int:  # noqa: ANN401 - transformers' own
    """Layers of a model, of the encoder where it has both; 0 where the config doesn't say."""
    names = ("decoder_layers",) if _decoder_alone(config) else ()
    return _first(config.get_text_config(), *names, "num_hidden_layers")


def heads(config: Any) -> int:  # noqa: ANN401
    """Attention heads over all layers and streams."""
    names = ("decoder_attention_heads",) if _decoder_alone(config) else ()
    one = _first(config.get_text_config(), *names, "num_attention_heads") or 1
    many = layers(config) or 1
    if not config.is_encoder_decoder:
        return one * many
    of_decoder = _first(config, "decoder_attention_heads") or one
    decoders = _first(config, "decoder_layers", "num_decoder_layers") or many
    return one * many + 2 * of_decoder * decoders


def key_value_heads(config: Any) -> int:  # noqa: ANN401
    """Heads of keys and values in a layer, which several heads of queries may share."""
    return _first(config.get_text_config(), "num_key_value_heads", "num_attention_heads")


def _decoder_alone(config: Any) -> bool:  # noqa: ANN401
    """Whether this is the decoder of a kind that has an encoder as well (BartForCausalLM)."""
    return not config.is_encoder_decoder and bool(getattr(config, "is_decoder", False))


def _first(config: Any, *names: str) -> int:  # noqa: ANN401
    """The first of these settings that the config has; 0 where it has none."""
    return int(next((one for name in names if (one := getattr(config, name, None))), 0))
