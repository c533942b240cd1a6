"""The forward pass over all sentences, each layer shown to the observers as it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from attnviz.attention import batch as batches
from attnviz.attention import kernels
from attnviz.attention.layer import LayerAttention
from attnviz.attention.merge import Merge, Wording
from attnviz.attention.observer import Observer
from attnviz.attention.request import JoinedRequest, Kernel, Request, join
from attnviz.errors import AttnvizError, InputError
from attnviz.models import finite, heap, hooks, tap
from attnviz.models.explain import out_of_memory, stopped
from attnviz.models.load import LoadedModel
from attnviz.models.seam import Seam
from attnviz.models.token_types import token_types
from attnviz.text.types import Tokens

CELLS = 2**20
"""Query-key pairs a batch may have, a head: enough that what is done once a batch costs little."""

TOKENS = 2**12
"""Tokens a batch has at most, where it has several sentences: more make it no faster."""

ON_GPU = 2**15, 2**26
"""Tokens and query-key pairs of a batch on a GPU, which needs more to be busy."""


def most_on(device: torch.device) -> tuple[int, int]:
    """Tokens and query-key pairs that a batch of several sentences has at most."""
    return ON_GPU if device.type == "cuda" else (TOKENS, CELLS)


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
    seam: Seam | None = None,
) -> None:
    """Runs the model over the sentences, batched by length; `progress` gets sentences done.

    A batch has at most `most` tokens, or one sentence; `kernel` measures (see `JoinedRequest`).
    With `wording` observers are shown words instead of tokens. Nothing that follows the last
    attention can be seen by an observer, and it runs only if asked for by `to_the_end`, or for the
    hidden states. `seam` changes what runs, or has it hand over more.

    An encoder-decoder model needs `targets`: for each sentence what its decoder reads, the start
    token first. An observer sees the batch and the layers of its own stream only. Raises
    InputError where the machine has not enough memory, or targets are missing, ValueError where
    the seam asks for what a model that attends in its own code can't do.
    """
    check_targets(loaded, paired=targets is not None)
    seam = seam or Seam()

    def ready(places: Sequence[int]) -> _Ready:
        batched = _batches(loaded, sentences, targets, places)
        return _Ready.of(batched, places, observers, wording, kernel)

    groups = _groups(sentences, targets, most, loaded.device)
    if not groups:
        return
    ahead = ready(groups[0])
    for following in [*groups[1:], None]:
        batch = ahead
        for observer in observers:
            observer.begin(batch.shown[observer.stream], batch.places)
        checked = finite.Checked(loaded.model.config)
        show = partial(_show, checked, batch)
        _forward(loaded, batch.batched, show, batch.of_tokens, seam, to_the_end=to_the_end)
        # A GPU is still at it.
        if following is not None:
            ahead = ready(following)
        checked.settle()
        for observer in observers:
            observer.end()
        progress(len(batch.places))


@dataclass(frozen=True, eq=False)
class _Ready:
    """A batch that may start: what is made of its sentences on the host.

    `batched` are the batches of each stream as the model takes them, `shown` as observers see them,
    between words by way of `merges`. `asked` is what each observer asks, `joined` all of a stream,
    and `of_tokens` what the layers between tokens must have for it.
    """

    places: Sequence[int]
    batched: Mapping[str, batches.Batch]
    shown: Mapping[str, batches.Batch]
    merges: Mapping[str, Merge]
    asked: Sequence[tuple[Observer, Request]]
    joined: Mapping[str, JoinedRequest]
    of_tokens: Mapping[str, JoinedRequest]

    @classmethod
    def of(
        cls,
        batched: Mapping[str, batches.Batch],
        places: Sequence[int],
        observers: Sequence[Observer],
        wording: Wording | None,
        kernel: Kernel,
    ) -> _Ready:
        """From the batches of each stream."""
        shown, merges = wording.batch(batched, places) if wording else (batched, {})
        asked = [(each, each.ask(shown[each.stream], places)) for each in observers]
        joined = of_tokens = {
            stream: join(batch, [own for who, own in asked if who.stream == stream], kernel)
            for stream, batch in shown.items()
        }
        if merges:
            of_tokens = {
                stream: join(batch, [Request(needs=joined[stream].needs & {"value"})], kernel)
                for stream, batch in batched.items()
            }
        for request in of_tokens.values():
            kernels.ready(request)
        return cls(places, batched, shown, merges, asked, joined, of_tokens)


def _show(checked: finite.Checked, batch: _Ready, attention: LayerAttention) -> None:
    """Shows one layer to the observers of its stream, between words where they are merged.

    Raises InputError where its numbers are none.
    """
    checked.add(attention)
    stream, seen = attention.stream, attention
    if stream in batch.merges:
        seen = batch.merges[stream].layer(attention, batch.joined[stream])
    for observer, request in batch.asked:
        if observer.stream == stream:
            observer.see(seen.shown_to(request))
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
    sentences: Sequence[Tokens],
    targets: Sequence[Tokens] | None,
    most: int | None,
    device: torch.device,
) -> list[list[int]]:
    """Which sentences go through the model together: alike in length, and their targets too."""
    tokens, cells = most_on(device)
    most = min(most or tokens, tokens)
    groups = batches.by_length([len(sentence) for sentence in sentences], cells, most)
    if targets is None:
        return groups
    return [
        [group[place] for place in part]
        for group in groups
        for part in batches.by_length([len(targets[place]) for place in group], cells, most)
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
    batched: Mapping[str, batches.Batch],
    listener: tap.Listener,
    requests: Mapping[str, JoinedRequest],
    seam: Seam,
    *,
    to_the_end: bool,
) -> None:
    """Runs one batch; what is seen of it goes to `listener`."""
    inputs, output = _inputs(loaded, batched), None
    # Decoders would keep the keys and values of all layers for a next token that never comes.
    options = {"use_cache": False} if getattr(loaded.model.config, "use_cache", None) else {}
    if seam.hidden_states is not None:
        options["output_hidden_states"] = to_the_end = True
    if loaded.path == "interface":
        left = None if to_the_end else loaded.attentions
        ways = loaded.stream_of, loaded.layer_of
        listening = tap.listening(listener, requests, *ways, left, seam)
    else:
        if seam.intervene is not None:
            raise ValueError(f"{loaded.name} attends in its own code: nothing can come in between")
        listening = hooks.listening(loaded.sites, batched, listener, requests)
        options["output_attentions"] = True
    try:
        with torch.enable_grad() if seam.gradients else torch.inference_mode(), listening:
            output = loaded.model(**inputs, **options)
    except AttnvizError:
        raise
    except Exception as error:
        if (known := _explained(loaded, batched, error)) is None:
            raise
        raise known from error
    if seam.hidden_states is not None:
        for prefix, stream in (("", ""), ("encoder_", "encoder"), ("decoder_", "decoder")):
            if stream in batched:
                seam.hidden_states(stream, output[f"{prefix}hidden_states"])


def _explained(
    loaded: LoadedModel, batched: Mapping[str, batches.Batch], error: Exception
) -> Exception | None:
    """What to say of an error that a model raised; None where it is a bug of ours."""
    if not out_of_memory(error):
        return stopped(f"{loaded.name} stops while it reads", error)
    longest = max(batch.length for batch in batched.values())
    return InputError(
        f"A sentence of {longest} tokens needs more memory than there is.",
        "Split the text into shorter sentences: --split sentence.",
    )


def _inputs(loaded: LoadedModel, batched: Mapping[str, batches.Batch]) -> dict[str, Tensor | None]:
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
    return batch.mask if batch.padded else None
