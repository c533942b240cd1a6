"""Lets a model say what it was trained to say, and keeps what its head reads it off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.attention.request import Kernel
from attnviz.attention.targets import Floats
from attnviz.models import run
from attnviz.models.generate import BROKEN, decode
from attnviz.models.load import LoadedModel
from attnviz.models.outcome import Answer, Outcome
from attnviz.models.seam import Seam
from attnviz.models.task import Task
from attnviz.text.tokenize import tokenize
from attnviz.text.types import Sentence, Tokens

LIKELIEST = 5
"""Choices that are kept of an answer."""

_CLOSING = ("eos", "sep")
_SPACE_MARKS = ("Ġ", "▁")
_AT_ONCE = 64
"""Rows of a layer that are looked at together."""

_Read = Literal["first", "last", "all", "unknown"]


class Predictor:
    """Runs the model with its head, a sentence at a time, so that padding changes no number.

    ValueError for a model without a task.
    """

    def __init__(self, loaded: LoadedModel, kernel: Kernel = "auto") -> None:
        if loaded.task is None:
            raise ValueError(f"{loaded.name} was loaded without a head")
        self._task: Task = loaded.task
        self._whole = replace(loaded, model=loaded.task.model)
        self._tokenizer, self._kernel = loaded.tokenizer, kernel

    def __call__(self, tokens: Tokens) -> Outcome | None:
        """What the model says of a sentence; None where there is nothing to say, as without masks.

        A language model says what follows the last token that the text itself has.
        """
        places, kind = self._places(tokens), self._task.kind
        if not places:
            return None
        reads = [self._reads(place, len(tokens)) for place in places]
        looks, logits = self._run(tokens, reads, [place for place in places if place is not None])
        if kind in ("label", "labels"):
            logits = logits.reshape(1, -1)
        answers = tuple(
            Answer(
                self._choices(row),
                None if kind == "next-token" else place,
                read,
                {layer: weights[at] for layer, weights in looks.items()} if read else {},
            )
            for at, (place, read, row) in enumerate(zip(places, reads, logits, strict=True))
        )
        return Outcome(kind, answers)

    def _places(self, tokens: Tokens) -> Sequence[int | None]:
        """The tokens at which the head says something; None stands for the whole sentence."""
        kind = self._task.kind
        if kind == "next-token":
            last = len(tokens) - 1
            while last > 0 and tokens.kinds[last] in _CLOSING and not tokens.surfaces[last]:
                last -= 1
            return [last]
        if kind == "masked-words":
            mask = self._tokenizer.mask_token_id
            return [place for place, number in enumerate(tokens.ids) if number == mask]
        if kind == "token-labels":
            known = [(word, place) for place, word in enumerate(tokens.words) if word is not None]
            return list(dict(reversed(known)).values())[::-1]
        return [None]

    def _reads(self, place: int | None, length: int) -> tuple[int, ...]:
        """The tokens whose last states the head reads for an answer."""
        if place is not None:
            return (place,)
        every = range(length)
        return tuple({"first": every[:1], "last": every[-1:], "all": every}.get(self._read, ()))

    @cached_property
    def _read(self) -> _Read:
        """Which tokens of a text its label is read off: those of whose states it has a gradient."""
        tokens = tokenize(Sentence(0, "a b c"), self._tokenizer, None)
        model, states = self._task.model, list[Tensor]()
        hook = model.base_model.register_forward_hook(
            lambda _, __, output: states.append(output[0])
        )
        try:
            logits = self._forward(tokens, [], Seam(gradients=True))
        finally:
            hook.remove()
        # No sum: labels' logits may be each other's opposites.
        weighed = (
            logits.flatten() * torch.arange(1, logits.numel() + 1, device=logits.device)
        ).sum()
        if not weighed.requires_grad or not states or not states[0].requires_grad:
            return "unknown"
        (slope,) = torch.autograd.grad(weighed, states[0], allow_unused=True)
        if slope is None or slope.shape[:2] != (1, len(tokens)):
            return "unknown"
        rows = slope[0].abs().sum(-1).nonzero()[:, 0].tolist()
        known: dict[tuple[int, ...], _Read] = {
            (0,): "first",
            (len(tokens) - 1,): "last",
            tuple(range(len(tokens))): "all",
        }
        return known.get(tuple(rows), "unknown")

    def _run(
        self, tokens: Tokens, reads: Sequence[Sequence[int]], places: Sequence[int]
    ) -> tuple[dict[int, Floats], Tensor]:
        """What the tokens that are read look at, by layer [answer, key], and the logits [answer].

        `places` are those at which there are logits; without any they are of the whole text.
        """
        looks = _Looks(reads)
        head = (
            self._task.model.get_output_embeddings() if places and not self._task.labels else None
        )
        with _only(head, places):
            logits = self._forward(tokens, [looks])
        if places and logits.shape[1] != len(places):
            logits = logits[:, list(places)]
        return looks.layers, logits[0]

    def _forward(
        self, tokens: Tokens, observers: Sequence[Observer], seam: Seam | None = None
    ) -> Tensor:
        """The logits of one sentence, with the first dimension for it."""
        heard: list[Tensor] = []
        hook = self._task.model.register_forward_hook(lambda _, __, output: heard.append(output[0]))
        try:
            run.observe(
                self._whole, [tokens], observers, kernel=self._kernel, to_the_end=True, seam=seam
            )
        finally:
            hook.remove()
        return heard[-1]

    def _choices(self, logits: Tensor) -> tuple[tuple[str, float], ...]:
        """The likeliest labels or tokens with their probabilities, from logits [choice]."""
        exact = logits.detach().double()
        shares = exact.sigmoid() if self._task.kind == "labels" else exact.softmax(-1)
        best = shares.topk(min(LIKELIEST, len(shares)))
        labels = self._task.labels
        return tuple(
            (labels[number] if labels else spelled(self._tokenizer, number), share)
            for share, number in zip(best.values.tolist(), best.indices.tolist(), strict=True)
        )


class _Looks(Observer):
    """Keeps what some tokens of a sentence look at: for each group of them the mean over it."""

    def __init__(self, groups: Sequence[Sequence[int]]) -> None:
        self._groups = groups
        self.layers: dict[int, Floats] = {}

    def see(self, attention: LayerAttention) -> None:
        """Keeps one layer as [group, key], the mean over heads."""
        rows = [_mean(attention, group) for group in self._groups]
        self.layers[attention.layer] = np.stack(rows)


def _mean(attention: LayerAttention, rows: Sequence[int]) -> Floats:
    """The mean over heads and over some rows of the first sentence, [key]."""
    total = np.zeros(attention.mask.keys)
    for first in range(0, len(rows), _AT_ONCE):
        some = torch.tensor(rows[first : first + _AT_ONCE], device=attention.query.device)
        weights = attention.part(some, 0).weights[0]  # [head, row, key]
        total += weights.double().mean(0).sum(0).cpu().numpy()
    mean: Floats = (total / max(len(rows), 1)).astype(np.float32)
    return mean


@contextmanager
def _only(head: Any, places: Sequence[int]) -> Iterator[None]:  # noqa: ANN401 - a module, or None
    """Has a language-model head see some tokens only: all logits of a long text take too much."""
    if head is None:
        yield
        return
    hook = head.register_forward_pre_hook(
        lambda _, given: (given[0][:, list(places)], *given[1:]) if given[0].dim() == 3 else given
    )
    try:
        yield
    finally:
        hook.remove()


def spelled(tokenizer: Any, number: int) -> str:  # noqa: ANN401 - transformers' own
    """The text of one token, with its leading space; its piece where it has no text of its own."""
    piece = str(tokenizer.convert_ids_to_tokens([number])[0])
    text = decode(tokenizer, [number])
    if not text or BROKEN in text:
        return piece
    return f" {text}" if piece.startswith(_SPACE_MARKS) and not text[0].isspace() else text
