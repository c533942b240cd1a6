"""The forward pass over all sentences, each layer shown to the observers as it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from attnviz.attention import batch as batches
from attnviz.attention.layer import LayerAttention
from attnviz.attention.merge import Merge, Wording
from attnviz.attention.observer import Observer, plan
from attnviz.attention.plan import Kernel, Plan
from attnviz.errors import AttnvizError, InputError
from attnviz.models import finite, heap, hooks, tap
from attnviz.models.explain import out_of_memory, stopped
from attnviz.models.load import LoadedModel
from attnviz.models.token_types import token_types
from attnviz.text.types import Tokens

CELLS = 2**20
"""Query-key pairs a batch may have, a head: enough that what is done once a batch costs little."""

TOKENS = 2**12
"""Tokens a batch has at most, where it has several sentences: more make it no faster."""


def observe(
    loaded: LoadedModel,
    sentences: Sequence[Tokens],
    observers: Sequence[Observer],
    progress: Callable[[int], None] = lambda _: None,
    targets: Sequence[Tokens] | None = None,
    *,
    kernel: Kernel = "auto",
    most: int | None = None,
    wording: Wording | None = None,
    to_the_end: bool = False,
) -> None:
    """Runs the model over the sentences, batched by length; `progress` gets sentences done.

    A batch has at most `most` tokens, or one sentence; `kernel` measures (see `Plan`). With
    `wording` observers are shown words instead of tokens. Nothing that follows the last
    attention can be seen by an observer, and it runs only if asked for by `to_the_end`.

    An encoder-decoder model needs `targets`: for each sentence what its decoder reads, the start
    token first. An observer sees the batch and the layers of its own stream only. Raises
    InputError where the machine has not enough memory, or targets are missing.
    """
    check_targets(loaded, paired=targets is not None)
    for places in _groups(sentences, targets, most):
        batched = _batches(loaded, sentences, targets, places)
        shown, merges = wording.batch(batched, places) if wording else (batched, {})
        wants = [(one.stream, one.begin(shown[one.stream], places)) for one in observers]
        plans = {
            stream: plan(batch, [want for of, want in wants if of == stream], kernel)
            for stream, batch in shown.items()
        }
        show = partial(_show, loaded.model.config, observers=observers, merges=merges, plans=plans)
        attentions = None if to_the_end else loaded.attentions
        _forward(loaded, batched, show, {} if merges else plans, attentions)
        for observer in observers:
            observer.end()
        progress(len(places))


def _show(
    config: Any,  # noqa: ANN401 - transformers' own
    attention: LayerAttention,
    *,
    observers: Sequence[Observer],
    merges: Mapping[str, Merge],
    plans: Mapping[str, Plan],
) -> None:
    """Shows one layer to the observers of its stream, between words where they are merged.

    Raises InputError where its numbers are none.
    """
    finite.check_layer(attention, config)
    stream, seen = attention.stream, attention
    if stream in merges:
        seen = merges[stream].layer(attention, plans[stream])
    for observer in observers:
        if observer.stream == stream:
            observer.see(seen)
    heap.ours().passed()


def check_targets(loaded: LoadedModel, *, paired: bool, generates: bool = False) -> None:
    """Raises InputError where a decoder has nothing to read, or targets nobody to read them.

    `paired`: there are targets; `generates`: the model is to write them.
    """
    if loaded.encoder_decoder and not (paired or generates):
        raise InputError(
            f"{loaded.name} has an encoder and a decoder, and there is nothing for the decoder "
            "to read.",
            "Give what it is to read with --target FILE, or let it write with --generate N.",
        )
    if paired and not loaded.encoder_decoder:
        raise InputError(
            f"{loaded.name} has no decoder besides its encoder, and takes no targets.",
            "Leave out --target.",
        )


def _groups(
    sentences: Sequence[Tokens], targets: Sequence[Tokens] | None, most: int | None
) -> list[list[int]]:
    """Which sentences go through the model together: alike in length, and their targets too."""
    most = min(most or TOKENS, TOKENS)
    groups = batches.plan([len(tokens) for tokens in sentences], CELLS, most)
    if targets is None:
        return groups
    return [
        [group[place] for place in part]
        for group in groups
        for part in batches.plan([len(targets[place]) for place in group], CELLS, most)
    ]


def _batches(
    loaded: LoadedModel,
    sentences: Sequence[Tokens],
    targets: Sequence[Tokens] | None,
    places: Sequence[int],
) -> dict[str, batches.Batch]:
    """The batch of each stream: queries, and in cross-attention other keys."""

    def make(of: Sequence[Tokens]) -> batches.Batch:
        return batches.make([of[place] for place in places], loaded.pad, loaded.device)

    source = make(sentences)
    if targets is None:
        return {"": source}
    target = make(targets)
    return {"encoder": source, "decoder": target, "cross": replace(target, keys=source)}


def _forward(
    loaded: LoadedModel,
    batched: dict[str, batches.Batch],
    listener: tap.Listener,
    plans: dict[str, Plan],
    attentions: int | None,
) -> None:
    inputs = _inputs(loaded, batched)
    # Decoders would keep the keys and values of all layers for a next token that never comes.
    options = {"use_cache": False} if getattr(loaded.model.config, "use_cache", None) else {}
    if loaded.path == "interface":
        listening = tap.listening(listener, plans, loaded.stream_of, loaded.layer_of, attentions)
    else:
        listening = hooks.listening(loaded.sites, batched, listener, plans)
        options["output_attentions"] = True
    try:
        with torch.inference_mode(), listening:
            loaded.model(**inputs, **options)
    except AttnvizError:
        raise
    except Exception as error:
        if not out_of_memory(error):
            if (known := stopped(f"{loaded.name} stops while it reads", error)) is None:
                raise
            raise known from error
        longest = max(batch.length for batch in batched.values())
        raise InputError(
            f"A sentence of {longest} tokens needs more memory than there is.",
            "Split the text into shorter sentences: --split sentence.",
        ) from error


def _inputs(loaded: LoadedModel, batched: dict[str, batches.Batch]) -> dict[str, Tensor | None]:
    """Ids and masks by the names that models give them."""
    if "" in batched:
        source = batched[""]
        types = token_types(loaded.model, source)
        return {"input_ids": source.ids, "attention_mask": _mask(source), **types}
    source, target = batched["encoder"], batched["decoder"]
    return {
        "input_ids": source.ids,
        "attention_mask": _mask(source),
        **token_types(loaded.model, source),
        "decoder_input_ids": target.ids,
        "decoder_attention_mask": _mask(target),
    }


def _mask(batch: batches.Batch) -> Tensor | None:
    """A mask of ones says nothing, and without it models may take their faster paths."""
    return None if bool(batch.mask.all()) else batch.mask
