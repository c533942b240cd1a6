"""Chooses the class that a checkpoint is loaded as, by its config's `architectures`."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch

from attnviz.models import heads, quantized, sizes
from attnviz.models.checkpoint import Stored


def loading_class(config: Any, raw: Mapping[str, Any], held: Stored, *, generates: bool) -> Any:  # noqa: ANN401
    """The class whose `from_pretrained` loads a model of this config, with a head if `generates`.

    That is the usual class of the config's type if the saved class holds all of it
    (`LlamaForCausalLM`), or else the saved class itself, as half of the model was never saved
    (`T5EncoderModel`, `BartForCausalLM`), or its packed weights are read by that alone. `raw` is
    the config as it was read, `held` what the weights hold. Raises InputError where a model without
    a head is to generate.
    """
    from transformers import AutoModel

    named = saved(config)
    with sizes.within(raw, held):
        as_saved = quantized.method(raw) in quantized.AS_SAVED
        partial = named is not None and (as_saved or not _holds_usual(named, config))
    if not generates:
        return named if partial else AutoModel
    if partial and named.base_model_prefix and not named.can_generate():
        raise heads.no_generator(config.model_type)
    return named if partial else heads.auto_class(config)


def below(whole: Any) -> Any:  # noqa: ANN401 - transformers' own
    """The model below its head, and below a wrapper around a single model (Bart's)."""
    model = whole.base_model
    while len(inner := list(model.children())) == 1 and hasattr(inner[0], "base_model_prefix"):
        model = inner[0]
    # The encoder of T5 by itself may keep the config of the whole (UMT5).
    if model.config.is_encoder_decoder and not hasattr(model, "decoder"):
        model.config.is_encoder_decoder = False
    return model


def saved(config: Any) -> Any:  # noqa: ANN401
    """The class that `architectures` names, None where transformers has none for this config."""
    import transformers

    for name in config.architectures or ():
        try:
            named = getattr(transformers, name)
        except (AttributeError, ImportError, TypeError):
            continue
        if isinstance(named, type) and issubclass(named, transformers.PreTrainedModel):
            return named if named.config_class is type(config) else None
    return None


def _holds_usual(named: Any, config: Any) -> bool:  # noqa: ANN401
    """Whether a class has every weight that the usual one has, but for a pooler."""
    from transformers import AutoModel

    usual: Any = AutoModel._model_mapping.get(type(config), None)  # noqa: SLF001 - no other way to ask
    # Of several, transformers chooses by `architectures` itself (Funnel).
    if usual is None or isinstance(usual, tuple) or named is usual:
        return True
    saved_model = empty(named, config)
    if isinstance(saved_model.base_model, usual):
        return True
    prefix = f"{saved_model.base_model_prefix}."
    names_held = {name.removeprefix(prefix) for name in saved_model.state_dict()}
    needed = empty(usual, config).state_dict()
    return all(name in names_held or "pooler" in name for name in needed)


def empty(model_class: Any, config: Any) -> Any:  # noqa: ANN401
    """A model without weights; its config is a copy, as some classes change theirs."""
    with torch.device("meta"):
        return model_class(copy.deepcopy(config))
