"""Which class a checkpoint is loaded as: what its config's `architectures` names has the say."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch

from attnviz.models import heads, sizes
from attnviz.models.checkpoint import Stored


def loading_class(config: Any, raw: Mapping[str, Any], held: Stored, *, generates: bool) -> Any:  # noqa: ANN401
    """The class whose `from_pretrained` loads a model of this config, with its head if asked for.

    The usual class of the config's type will do wherever the saved class holds all of it
    (`LlamaForCausalLM`). Where it doesn't, as half of the model was never saved
    (`T5EncoderModel`, `BartForCausalLM`), the saved class is loaded itself. `raw` is the config as
    it was read, `held` what the weights hold. Raises InputError where a model that has no head is
    to write.
    """
    from transformers import AutoModel

    saved = _saved(config)
    with sizes.within(raw, held):
        partial = saved is not None and not _holds_usual(saved, config)
    if not generates:
        return saved if partial else AutoModel
    if partial and saved.base_model_prefix and not saved.can_generate():
        raise heads.no_generator(config.model_type)
    return saved if partial else heads.auto_class(config)


def below(whole: Any) -> Any:  # noqa: ANN401 - transformers' own
    """What is below a model's head, and below a wrapper that holds a single model (Bart's)."""
    model = whole.base_model
    while len(inner := list(model.children())) == 1 and hasattr(inner[0], "base_model_prefix"):
        model = inner[0]
    # The encoder of T5 by itself may keep the config of the whole (UMT5).
    if model.config.is_encoder_decoder and not hasattr(model, "decoder"):
        model.config.is_encoder_decoder = False
    return model


def _saved(config: Any) -> Any:  # noqa: ANN401
    """The class that `architectures` names, None where transformers has none for this config."""
    import transformers

    for name in config.architectures or ():
        try:
            found = getattr(transformers, name)
        except (AttributeError, ImportError, TypeError):
            continue
        if isinstance(found, type) and issubclass(found, transformers.PreTrainedModel):
            return found if found.config_class is type(config) else None
    return None


def _holds_usual(saved: Any, config: Any) -> bool:  # noqa: ANN401
    """Whether a class has every weight that the usual one has, but for a pooler."""
    from transformers import AutoModel

    usual: Any = AutoModel._model_mapping.get(type(config), None)  # noqa: SLF001 - no other way to ask
    # Of several, transformers chooses by `architectures` itself (Funnel).
    if usual is None or isinstance(usual, tuple) or saved is usual:
        return True
    made = _empty(saved, config)
    if isinstance(made.base_model, usual):
        return True
    prefix = f"{made.base_model_prefix}."
    held = {name.removeprefix(prefix) for name in made.state_dict()}
    return all(name in held or "pooler" in name for name in _empty(usual, config).state_dict())


def _empty(made_as: Any, config: Any) -> Any:  # noqa: ANN401
    """A model of shapes alone; its config is a copy, as some classes change theirs."""
    with torch.device("meta"):
        return made_as(copy.deepcopy(config))
