"""The embeddings of a model: of its tokens, and of their places."""

from __future__ import annotations

from typing import Any

from torch import Tensor

_NO_LIMIT = 10**9


def embeddings(model: Any, *, decoder: bool = False) -> Tensor | None:  # noqa: ANN401 - transformers' own
    """Those of tokens, [vocabulary, width]; of the decoder where asked. None where it has none."""
    try:
        owner = model.get_decoder() if decoder else model
        weight = owner.get_input_embeddings().weight
    except (AttributeError, NotImplementedError):
        return None
    return weight.detach() if isinstance(weight, Tensor) and weight.dim() == 2 else None


def vocabulary(model: Any) -> int | None:  # noqa: ANN401 - transformers' own
    """How many tokens have an embedding, None where the model doesn't say."""
    found = embeddings(model)
    return None if found is None else len(found)


def limit(model: Any, tokenizer: Any) -> int | None:  # noqa: ANN401 - transformers' own
    """How many tokens the model takes, None where nothing limits them."""
    text = model.config.get_text_config()
    limits = [
        tokenizer.model_max_length,
        getattr(text, "max_position_embeddings", None) or _NO_LIMIT,
    ]
    # RoBERTa counts positions from after the padding index, and so loses that many.
    embeddings = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    padding = getattr(embeddings, "padding_idx", None)
    if padding is not None:
        limits.append(limits[1] - padding - 1)
    least = min(limits)
    return None if least >= _NO_LIMIT else int(least)
