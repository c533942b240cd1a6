"""The language-model head: loaded only to generate, and left out where attention is measured.

A head computes a logit for each entry of the vocabulary at each token: more memory than all layers
need.
"""

from __future__ import annotations

from typing import Any

import torch

from attnviz.errors import InputError
from attnviz.models.names import ModelName


def auto_class(config: Any) -> Any:  # noqa: ANN401 - transformers' own
    """The class that loads a model of this config with its head.

    Raises InputError where there is none.
    """
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

    auto = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    remote = getattr(config, "auto_map", None) or {}
    if type(config) not in auto._model_mapping and auto.__name__ not in remote:  # noqa: SLF001
        raise no_generator(config.model_type)
    return auto


def no_generator(model_type: str) -> InputError:
    """The error for a model that can't continue a text."""
    return InputError(
        f"Models of type {model_type} can't continue a text: they have no head for it, or their "
        "tokens see later ones.",
        "Leave out --generate, or choose a decoder such as openai-community/gpt2.",
    )


def check(name: ModelName, model: Any, info: dict[str, Any]) -> None:  # noqa: ANN401
    """Raises InputError where the checkpoint holds a model without its head."""
    prefix = f"{model.base_model_prefix}."
    missing = sorted(key for key in info["missing_keys"] if not key.startswith(prefix))
    if missing and model.base_model is not model and len(missing) == len(info["missing_keys"]):
        raise InputError(
            f"{name.argument} holds no language-model head ({missing[0]} is missing), so that it "
            "can't continue a text.",
            "Leave out --generate, or give the checkpoint of the whole model.",
        )


def without(whole: Any) -> Any:  # noqa: ANN401
    """The model below the head; no weights are copied.

    Where the head stands beside the stacks themselves (T5), the headless model is made empty and
    given the same stacks.
    """
    if whole.base_model is not whole:
        return whole.base_model
    from transformers import AutoModel

    make: Any = AutoModel.from_config
    with torch.device("meta"):
        bare = make(whole.config, attn_implementation=whole.config._attn_implementation)  # noqa: SLF001
    names = [name for name, _ in bare.named_children()]
    if any(not hasattr(whole, name) for name in names):
        return whole
    for name in names:
        setattr(bare, name, getattr(whole, name))
    return bare.eval()
