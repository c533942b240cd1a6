"""The forward pass over all sentences, each layer shown to the observers as it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from attnviz.attention import batch as batches
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.errors import InputError
from attnviz.models import tap
from attnviz.models.load import LoadedModel
from attnviz.text.types import Tokens

CELLS = 2**17
"""Query-key pairs a batch may have, a head: a layer's matrices then stay near the cache."""


def observe(
    loaded: LoadedModel,
    sentences: Sequence[Tokens],
    observers: Sequence[Observer],
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Runs the model over the sentences, batched by length; `progress` gets sentences done.

    Raises InputError where the machine has not enough memory.
    """

    def show(attention: LayerAttention) -> None:
        for observer in observers:
            observer.see(attention)

    for places in batches.plan([len(tokens) for tokens in sentences], CELLS):
        batch = batches.make([sentences[place] for place in places], loaded.pad, loaded.device)
        for observer in observers:
            observer.begin(batch, places)
        _forward(loaded, batch, show)
        for observer in observers:
            observer.end()
        progress(len(places))


def _forward(loaded: LoadedModel, batch: batches.Batch, listener: tap.Listener) -> None:
    # A mask of ones says nothing, and without it models may take their faster paths.
    mask = None if bool(batch.mask.all()) else batch.mask
    # Decoders would keep the keys and values of all layers for a next token that never comes.
    caches = getattr(loaded.model.config, "use_cache", None)
    options = {"use_cache": False} if caches else {}
    try:
        with torch.inference_mode(), tap.listening(listener):
            loaded.model(input_ids=batch.ids, attention_mask=mask, **options)
    except (RuntimeError, MemoryError) as error:
        if not _out_of_memory(error):
            raise
        raise InputError(
            f"A sentence of {batch.length} tokens needs more memory than there is.",
            "Split the text into shorter sentences: --split sentence.",
        ) from error


def _out_of_memory(error: Exception) -> bool:
    """Whether torch ran out of memory; on a CPU it says so only in words."""
    return (
        isinstance(error, torch.OutOfMemoryError | MemoryError)
        or "allocate memory" in str(error).lower()
    )
