"""Which label a classifier gives each of many texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from attnviz.attention.batch import Batch
from attnviz.attention.observer import Observer
from attnviz.attention.request import Kernel
from attnviz.models import run
from attnviz.models.load import LoadedModel
from attnviz.text.types import Tokens


def labelled(
    loaded: LoadedModel,
    sentences: Sequence[Tokens],
    kernel: Kernel = "auto",
    most: int = run.TOKENS,
) -> list[str]:
    """The likeliest label of each sentence.

    Batches, of `most` tokens at most, are of sentences of one length, so that nothing is padded:
    what a head reads a text off may be its last token. ValueError for a model that gives texts no
    label.
    """
    task = loaded.task
    if task is None or not task.text_labels:
        raise ValueError(f"{loaded.name} gives texts no label")
    whole, names = replace(loaded, model=task.model), task.text_labels
    # Without a token to pad with, heads that read the last token take one text at a time.
    together = getattr(task.model.config, "pad_token_id", None) is not None
    by_length = defaultdict[tuple[int, int], list[int]](list)
    for place, tokens in enumerate(sentences):
        by_length[len(tokens), 0 if together else place].append(place)
    labels = [""] * len(sentences)
    for places in by_length.values():
        listening = _Listening()
        hook = task.model.register_forward_hook(listening.hear)
        try:
            alike = [sentences[place] for place in places]
            run.observe(whole, alike, [listening], kernel=kernel, most=most, to_the_end=True)
        finally:
            hook.remove()
        for place, best in zip(places, listening.in_order(), strict=True):
            labels[place] = names[best]
    return labels


class _Listening(Observer):
    """Hears the label of each sentence of the batches that pass."""

    def __init__(self) -> None:
        self._best: dict[int, int] = {}

    def begin(self, batch: Batch, places: Sequence[int]) -> None:  # noqa: ARG002 - an observer
        """Starts a batch."""
        self._places = places

    def hear(self, _: object, __: object, output: Sequence[Tensor]) -> None:
        """Takes the logits [sentence, label] of a batch."""
        best = output[0].detach().double().argmax(-1).tolist()
        self._best |= dict(zip(self._places, best, strict=True))

    def in_order(self) -> list[int]:
        """The number of each sentence's label."""
        return [self._best[place] for place in sorted(self._best)]
