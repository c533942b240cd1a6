"""The embeddings of a model's tokens."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from attnviz.models import placing


def embeddings(model: Any, *, decoder: bool = False) -> Tensor | None:  # noqa: ANN401 - transformers' own
    """The input embeddings [vocabulary, width], or the decoder's; None where there are none."""
    owner = _owner(model, decoder=decoder)
    return None if owner is None else placing.weight(owner)


def vocabulary(model: Any) -> int | None:  # noqa: ANN401 - transformers' own
    """The number of tokens that have an embedding; None where the model has no embeddings."""
    owner = _owner(model)
    return None if owner is None else len(owner.weight)


def _owner(model: Any, *, decoder: bool = False) -> Any:  # noqa: ANN401
    """The module that holds the input embeddings; None where there is none."""
    try:
        owner = (model.get_decoder() if decoder else model).get_input_embeddings()
    except (AttributeError, NotImplementedError):
        return None
    weight = getattr(owner, "weight", None)
    return owner if isinstance(weight, Tensor) and weight.dim() == 2 else None
