"""The embeddings of a model's tokens."""

from __future__ import annotations

from typing import Any

from torch import Tensor


def embeddings(model: Any, *, decoder: bool = False) -> Tensor | None:  # noqa: ANN401 - transformers' own
    """The input embeddings [vocabulary, width], or the decoder's; None where there are none."""
    try:
        owner = model.get_decoder() if decoder else model
        weight = owner.get_input_embeddings().weight
    except (AttributeError, NotImplementedError):
        return None
    return weight.detach() if isinstance(weight, Tensor) and weight.dim() == 2 else None


def vocabulary(model: Any) -> int | None:  # noqa: ANN401 - transformers' own
    """The number of tokens that have an embedding; None where the model has no embeddings."""
    table = embeddings(model)
    return None if table is None else len(table)
