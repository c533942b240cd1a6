"""Token types: the input that tells some encoders which text of a pair a token is of."""

from __future__ import annotations

import inspect
from typing import Any

from torch import Tensor

from attnviz.attention.batch import Batch


def token_types(model: Any, batch: Batch) -> dict[str, Tensor]:  # noqa: ANN401 - transformers' own
    """The input `token_type_ids` [batch, token]; {} for single texts and models without types.

    The tokenizer makes the types; a model takes them if its `forward` has the parameter.
    """
    if batch.types is None or not _takes(model, int(batch.types.max())):
        return {}
    return {"token_type_ids": batch.types}


def _takes(model: Any, greatest: int) -> bool:  # noqa: ANN401
    if "token_type_ids" not in inspect.signature(model.forward).parameters:
        return False
    # RoBERTa has one type only, and a tokenizer may make two; DeBERTa with none passes them over.
    known = getattr(model.config, "type_vocab_size", None)
    return not known or greatest < known
