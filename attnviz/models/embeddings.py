"""The embeddings of a model's tokens."""

from __future__ import annotations

from typing import Any

from torch import Tensor


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
