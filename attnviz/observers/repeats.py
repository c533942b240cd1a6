"""What heads do on repeated random tokens: sums of prefix matching and copying, draw by draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attnviz.attention.batch import Batch
from attnviz.attention.formulas import TINY
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.attention.request import Request
from attnviz.attention.targets import Bools, MatchTarget, OffsetTarget, Target
from attnviz.attention.transfer import to_device
from attnviz.observers.tables import ProbeSums, ProbeTable
from attnviz.roles import masks
from attnviz.roles.induction import after_copies
from attnviz.text.types import Tokens

Array = NDArray[np.float64]

Logits = Callable[[int, Tensor, Tensor], Tensor | None]
"""What heads do to logits by themselves, less the vocabulary's mean.

Of a layer's number, its mixed values [batch, head, query, width] and tokens [batch, token] it
makes [batch, head, query, token], or None where that isn't known.
"""


class InductionKeeper(Observer):
    """Observes a run over repeated random tokens and keeps the sums of every head, draw by draw.

    `logits` says what heads do to logits; without it copying isn't measured.
    """

    def __init__(
        self, draws: Sequence[Tokens], logits: Logits | None = None, stream: str = ""
    ) -> None:
        self.stream = stream
        self._draws = tuple(draws)
        self._logits = logits
        self._layers: dict[int, ProbeSums] = {}

    def ask(self, batch: Batch, places: Sequence[int]) -> Request:  # noqa: ARG002 - an observer
        """Masses on copies and on what followed them, and mixed values for the logits."""
        targets = [_targets(tokens) for tokens in batch.sentences]
        return Request(targets, frozenset({"mixed"} if self._logits is not None else ()))

    def begin(self, batch: Batch, places: Sequence[int]) -> None:
        """Starts a batch whose sentences are the draws of the given places."""
        self._places = list(places)
        self._copies = _Copies.of(batch)

    def see(self, attention: LayerAttention) -> None:
        """Adds one layer of the batch."""
        uniform = attention.uniform
        masses = _numpy(attention.masses)
        seen = ProbeSums(
            masses=masses,
            events=np.broadcast_to(_numpy(uniform.reached), masses.shape),
            chance=np.broadcast_to(_numpy(uniform.masses[..., 0]), masses.shape[:2]),
            **self._copying(attention),
        )
        kept = self._layers.setdefault(attention.layer, self._empty(seen))
        for entry in fields(ProbeSums):
            getattr(kept, entry.name)[self._places] = getattr(seen, entry.name)

    def _empty(self, like: ProbeSums) -> ProbeSums:
        arrays = (getattr(like, entry.name) for entry in fields(ProbeSums))
        return ProbeSums(*(np.zeros((len(self._draws), *array.shape[1:])) for array in arrays))

    def _copying(self, attention: LayerAttention) -> dict[str, Array]:
        """What copying is made of, [batch, head] each; NaN where the way to logits is unknown."""
        logits = None
        if self._logits is not None and attention.value is not None:
            logits = self._logits(attention.layer, attention.mixed, self._copies.ids)
        if logits is None:
            unknown = np.full((len(self._places), attention.heads), np.nan)
            return dict.fromkeys(("hits", "raised", "lifted", "random", "moved"), unknown)
        counted, attended = self._copies.counted, self._copies.attended(attention)
        raised = logits.clamp_min(0.0) * counted
        apart = self._copies.centred(logits) * counted
        sums = {
            "hits": (raised * attended).sum((-2, -1)),
            "raised": raised.sum((-2, -1)),
            "lifted": ((apart * attended).sum(-1) > 0).sum(-1),
            "random": ((apart > 0).sum(-1) / counted.sum(-1).clamp_min(1.0)).sum(-1),
            "moved": (apart != 0).any(-1).sum(-1),
        }
        return {name: _numpy(values) for name, values in sums.items()}

    def table(self) -> ProbeTable:
        """The sums of every head. Raises ValueError where no layer was seen."""
        layers = sorted(self._layers.items())
        if not layers:
            raise ValueError("no layer was seen")
        return ProbeTable(
            tuple((number, head) for number, sums in layers for head in range(sums.heads)),
            ProbeSums(
                *(
                    np.concatenate([getattr(sums, entry.name) for _, sums in layers], axis=1)
                    for entry in fields(ProbeSums)
                )
            ),
            tuple(tokens.sentence.digest for tokens in self._draws),
            # Of all raised alike, a query's attention meets one in as many as a draw has tokens.
            float(np.mean([1 / len(_names(tokens)) for tokens in self._draws])),
        )


def _targets(tokens: Tokens) -> list[Target]:
    """What followed earlier copies, the copies, and the token before: of the same queries.

    These texts are nothing but repetition, so that what is a run in others is none here.
    """
    labels, again = masks.labels(tokens), _again(tokens)
    return [
        after_copies(tokens, labels),
        MatchTarget(np.where(again, labels, -1), labels),
        OffsetTarget(again, (-1,)),
    ]


def _again(tokens: Tokens) -> Bools:
    """Content tokens that occurred before, [token]."""
    again = tokens.content.copy()
    again[np.unique(masks.labels(tokens), return_index=True)[1]] = False
    return again


def _names(tokens: Tokens) -> NDArray[np.int64]:
    """The ids of a draw's content tokens, each once."""
    return np.unique(np.array(tokens.ids, dtype=np.int64)[tokens.content])


@dataclass(frozen=True, eq=False)
class _Copies:
    """Where the tokens of each draw stand.

    `ids` [batch, token] are its tokens, each once, padded with 0; `places` [batch, key, token] is
    1 where a key is a copy of a token; `counted` [batch, 1, query, token] is 1 for queries that
    count and tokens that are there. The last two are float32.
    """

    ids: Tensor
    places: Tensor
    counted: Tensor

    @classmethod
    def of(cls, batch: Batch) -> _Copies:
        names = [_names(tokens) for tokens in batch.sentences]
        ids = np.zeros((len(names), max(map(len, names))), dtype=np.int64)
        places = np.zeros((*batch.ids.shape, ids.shape[1]), dtype=np.float32)
        counted = np.zeros((len(names), 1, *places.shape[1:]), dtype=np.float32)
        for row, (own, tokens) in enumerate(zip(names, batch.sentences, strict=True)):
            ids[row, : len(own)] = own
            labels = masks.labels(tokens)
            places[row, : len(tokens), : len(own)] = labels[:, None] == own
            counted[row, 0, : len(tokens), : len(own)] = _again(tokens)[:, None]
        device = batch.ids.device
        return cls(*(to_device(array, device) for array in (ids, places, counted)))

    def attended(self, attention: LayerAttention) -> Tensor:
        """Of each query's attention to content tokens the share on each token's copies.

        [batch, head, query, token]; a draw is so short that the whole matrix is small.
        """
        on_copies = torch.matmul(attention.weights, self.places[:, None])
        return on_copies / on_copies.sum(-1, keepdim=True).clamp_min(TINY)

    def centred(self, logits: Tensor) -> Tensor:
        """Logits less their mean over the draw's tokens, [batch, head, query, token]."""
        there = self.counted.amax(-2, keepdim=True)
        return logits - (logits * there).sum(-1, keepdim=True) / there.sum(-1, keepdim=True)


def _numpy(values: Tensor) -> Array:
    array: Array = values.cpu().double().numpy()
    return array
