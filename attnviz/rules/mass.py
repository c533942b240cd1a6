"""Rules on one sentence: which tokens are asked, what they look at, and how much of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from attnviz.drawing.masses import masses
from attnviz.drawing.side import Places, Side
from attnviz.drawing.weights import Weights
from attnviz.errors import UsageError
from attnviz.roles import masks
from attnviz.rules import names, template
from attnviz.rules.heads import Heads
from attnviz.rules.rule import Chosen, Mass, TokenSet, said
from attnviz.rules.verdict import Measured
from attnviz.text.types import Tokens

Bools = NDArray[np.bool_]


class Sentence:
    """A sentence's weights with its tokens: `queries` look at `keys`.

    `last`: the last token of a word looks for it.
    """

    def __init__(self, weights: Weights, queries: Tokens, keys: Tokens) -> None:
        self.weights, self._queries, self._keys = weights, queries, keys

    def measured(self, mass: Mass, heads: Heads, *, last: bool) -> list[Measured]:
        """The mass of a rule in each head, or group of heads, that it speaks of.

        UsageError where a word, a token or a head isn't there, or nothing can be seen.
        """
        weights = self.weights
        if heads.each == "rollout":
            if weights.rollout is None:
                raise UsageError("Cross-attention has no rollout.", "Name heads.")
            matrices, groups = weights.rollout[None], [("rollout", [0])]
        else:
            matrices = weights.matrices
            groups = [(group.name, list(group.members)) for group in heads.groups(weights.places)]
        by_target = [
            masses(matrices, *self._asked(mass, target, last=last), weights.key_side, mass.lens)[0]
            for target in [mass.to, *(rival.to for rival in mass.more_than)]
        ]
        numbers = [[float(of[members].mean()) for of in by_target] for _, members in groups]
        return [
            Measured(name, own, own, own, tuple(others))
            for (name, _), (own, *others) in zip(groups, numbers, strict=True)
        ]

    def _asked(self, mass: Mass, target: Chosen, *, last: bool) -> tuple[list[Places], Bools]:
        """The words that look, and for each query the keys that count, [query, key].

        Named keys count for every word; of a set of tokens, as for a role, the words that see one.
        """
        hit = self._target(target)
        words = self._asking(mass.source, target, last=last)
        visible = hit & self._visible if self.weights.causal else hit
        seeing = [word for word in words if visible[list(word)].any()]
        if not seeing:
            raise UsageError(
                f"Nothing that looks can see {said(target)}.",
                "In a causal model a token sees those before it and itself."
                if self.weights.causal
                else "Name tokens that the sentence has.",
            )
        return (seeing if isinstance(target, TokenSet) else words), hit

    def _asking(self, source: Chosen | None, target: Chosen, *, last: bool) -> list[Places]:
        """The tokens that look, a group for each word: all of content where none is named.

        Then tokens of the class that is looked at don't count, as for roles: that a full stop looks
        at itself is no sign of a head that looks at full stops.
        """
        if source is None:
            looking = masks.content(self._queries)
            if isinstance(target, TokenSet) and target.tokens not in (None, "content"):
                looking = looking & ~_CLASSES[target.tokens](self._queries)
            return [(int(place),) for place in looking.nonzero()[0]]
        if isinstance(source, TokenSet):
            return [(int(place),) for place in self._class(source, self._queries).nonzero()[0]]
        words = _places(source, self.weights.query_side)
        return [word[-1:] if last else word for word in words]

    @property
    def _visible(self) -> Bools:
        queries, keys = len(self.weights.query_side), len(self.weights.key_side)
        lower: Bools = np.tri(queries, keys, dtype=np.bool_)
        return lower

    def _target(self, target: Chosen) -> Bools:
        shape = len(self.weights.query_side), len(self.weights.key_side)
        if isinstance(target, TokenSet) and target.role:
            return self._of_role(target.role)
        hit = np.zeros(shape, dtype=np.bool_)
        if isinstance(target, TokenSet):
            hit[:] = self._class(target, self._keys)
        else:
            for word in _places(target, self.weights.key_side):
                hit[:, list(word)] = True
        return hit

    def _of_role(self, name: str) -> Bools:
        stream = self.weights.stream
        role = names.target(name)
        if stream not in role.streams:
            raise UsageError(
                f"The role {name} has no targets in {stream or 'this'} attention.",
                f"Use stream = {' or '.join(map(repr, filter(None, role.streams)))}.",
            )
        (candidate,) = role.columns
        target = role.target_on(self._queries, self._keys, candidate)
        if target is None:
            raise UsageError(f"The role {name} has no targets.", "Use a rule with role = instead.")
        hit: Bools = target.part((0, len(self._queries)), (0, len(self._keys)))
        return hit

    @staticmethod
    def _class(chosen: TokenSet, tokens: Tokens) -> Bools:
        marked: Bools = _CLASSES[chosen.tokens or "content"](tokens)
        if not marked.any():
            raise UsageError(f"The sentence has no {chosen}.", "Name others.")
        return marked


def _first(tokens: Tokens) -> Bools:
    marked: Bools = np.arange(len(tokens)) == 0
    return marked


_CLASSES: Mapping[str, Callable[[Tokens], Bools]] = {
    "content": masks.content,
    "special": lambda tokens: ~masks.content(tokens),
    "punctuation": masks.punctuation,
    "first": _first,
}


def _places(chosen: Chosen, side: Side) -> list[Places]:
    """The tokens of each word that is named, or each token."""
    if isinstance(chosen, tuple):
        return [word for each in chosen for word in _places(each, side)]
    if isinstance(chosen, str):
        return side.find_all(chosen)
    if isinstance(chosen, int):
        if chosen >= len(side):
            raise UsageError(
                f"There is no token {chosen}.", f"The sentence has {len(side)}, counted from 0."
            )
        return [(chosen,)]
    raise TypeError(chosen)


def filled(mass: Mass, values: Mapping[str, str] | None) -> Mass:
    """The mass with values in place of names in braces."""
    if values is None:
        return mass

    def of(chosen: Chosen) -> Chosen:
        if isinstance(chosen, tuple):
            return tuple(
                template.fill(each, values) if isinstance(each, str) else each for each in chosen
            )
        return template.fill(chosen, values) if isinstance(chosen, str) else chosen

    rivals = tuple(replace(rival, to=of(rival.to)) for rival in mass.more_than)
    source = None if mass.source is None else of(mass.source)
    return replace(mass, to=of(mass.to), source=source, more_than=rivals)
