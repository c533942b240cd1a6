"""The attention of one sentence, as numbers: what is drawn, written and handed to scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from attnviz.drawing.drawing import Floats
from attnviz.drawing.masses import masses
from attnviz.drawing.settings import HeadPlace, Lens, head_name, heads
from attnviz.drawing.side import Side
from attnviz.errors import UsageError
from attnviz.values import quoted

_LISTED = 8


class HeadMass(NamedTuple):
    """How much of the attention of some words goes to others, in one head."""

    name: str
    layer: int
    head: int
    mass: float


@dataclass(frozen=True, eq=False, repr=False)
class Weights:
    """The attention of the heads that were asked for, in one sentence and one stream.

    `matrices` [head, query, key] are those of `places`, a layer and a head each; their rows sum to
    1, or to less in models with a sink logit. `model_heads` is how many heads each layer of the
    model has, kept or not. `rollout` [query, key] goes through all layers, the residual stream with
    it or not (`residual`); None in cross-attention.
    `last`: the last token of a word looks for it, else all in equal parts. `notes` tell what was
    lost on the way: tokens that were cut, unknown ones.
    """

    model: str
    text: str
    query_side: Side
    key_side: Side
    places: tuple[HeadPlace, ...]
    matrices: NDArray[np.float32]
    model_heads: Mapping[int, int]
    rollout: Floats | None = None
    residual: bool = True
    stream: str = ""
    causal: bool = False
    last: bool = False
    notes: tuple[str, ...] = field(default=())

    def __repr__(self) -> str:
        stream = f", {self.stream}" if self.stream else ""
        queries, keys = self.matrices.shape[1:]
        return (
            f"<Weights of {self.model}{stream}: {len(self.places)} heads, {queries} queries, "
            f"{keys} keys>"
        )

    @property
    def tokens(self) -> tuple[str, ...]:
        """The queries: tokens, or words where these were asked for."""
        return self.query_side.texts

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys; those of the other side in cross-attention, else the same as `tokens`."""
        return self.key_side.texts

    @property
    def words(self) -> tuple[str, ...]:
        """The words that the queries make, special tokens left out."""
        return tuple(word.text for word in self.query_side.words)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The heads' names, in the order of `matrices`."""
        return tuple(head_name(*place) for place in self.places)

    @property
    def layers(self) -> tuple[int, ...]:
        """The layers that `weights` has, in its order."""
        return tuple(dict.fromkeys(layer for layer, _ in self.places))

    @property
    def weights(self) -> NDArray[np.float32]:
        """[layer, head, query, key], the layers those of `layers`.

        UsageError where layers have different numbers of heads: `matrices` has them all.
        """
        per_layer = [[of for of, _ in self.places].count(layer) for layer in self.layers]
        if len(set(per_layer)) > 1:
            raise UsageError(
                "The layers have different numbers of heads, which make no array.",
                "Use .head('L0H0'), or .matrices with .names.",
            )
        return self.matrices.reshape(len(self.layers), per_layer[0], *self.matrices.shape[1:])

    def head(self, name: str | int, number: int | None = None) -> NDArray[np.float32]:
        """The matrix [query, key] of a head, by its name or by layer and number.

        UsageError where it isn't there.
        """
        if isinstance(name, str):
            place, *more = heads(name)
            if more:
                raise UsageError(f"{quoted(name)} names several heads.", "Name one.")
            return self._matrix(place)
        if number is None:
            raise UsageError("A layer has many heads.", "Give both numbers: .head(5, 7).")
        return self._matrix((name, number))

    def _matrix(self, place: HeadPlace) -> NDArray[np.float32]:
        matrix: NDArray[np.float32] = self.matrices[self.index(place)]
        return matrix

    def index(self, place: HeadPlace) -> int:
        """Where in `matrices` a head is; UsageError where it isn't there."""
        if place in self.places:
            return self.places.index(place)
        few = len(self.names) <= _LISTED
        there = ", ".join(self.names) if few else f"{self.names[0]} to {self.names[-1]}"
        raise UsageError(f"There is no head {head_name(*place)}.", f"There are {there}.")

    def mass(self, query: str, key: str, *, lens: Lens = "all") -> list[HeadMass]:
        """How much of the attention of `query` goes to `key`, in every head, the most first.

        Both are words or tokens, or several with spaces between them. A word as a key is the sum
        over its tokens; as a query their mean, or in causal models the last of them, as the setting
        `pieces` says. Of several queries the mean is taken, of several keys the sum. UsageError
        where there is no such word or lens.
        """
        if lens not in get_args(Lens):
            choices = ", ".join(get_args(Lens))
            raise UsageError(f"lens is {quoted(lens)}.", f"Choose one of: {choices}.")
        return self.ranked(query, key, lens)[0]

    def unseen(self, query: str, key: str) -> bool:
        """Whether a causal model's query comes before all of what it is asked about."""
        queries, keys = self.query_side.find_all(query), self.key_side.find_all(key)
        last = max(place for word in queries for place in word)
        return self.causal and all(place > last for word in keys for place in word)

    def ranked(self, query: str, key: str, lens: Lens) -> tuple[list[HeadMass], float]:
        """The same, and the mean share of the query's attention that the lens takes away."""
        queries, keys = self.query_side.find_all(query), self.key_side.find_all(key)
        looked_at = sorted({place for word in keys for place in word})
        if lens == "content":
            self.query_side.refuse_special(place for word in queries for place in word)
            self.key_side.refuse_special(looked_at)
        asking = [word[-1:] if self.last else word for word in queries]
        hit = np.zeros(self.matrices.shape[1:], dtype=np.bool_)
        hit[:, looked_at] = True
        amounts, removed = masses(self.matrices, asking, hit, self.key_side, lens)
        ranked = [
            HeadMass(name, *place, float(mass))
            for name, place, mass in zip(self.names, self.places, amounts, strict=True)
        ]
        ranked.sort(key=lambda each: (-each.mass, each.layer, each.head))
        return ranked, removed
