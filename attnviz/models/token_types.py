"""Token types: how some encoders are told which of two texts a token is of."""

from __future__ import annotations

import inspect
from typing import Any

from torch import Tensor

from attnviz.attention.batch import Batch


def token_types(model: Any, batch: Batch) -> dict[str, Tensor]:  # noqa: ANN401 - transformers' own
    """The input that says so, [batch, token]; empty for single texts and models without types.

    As in transformers the tokenizer makes them, and whether a model takes them its `forward` says.
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
