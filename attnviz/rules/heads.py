"""Which heads a rule speaks of: `any`, `all`, `mean`, `L5H7`, `layer 5`, `any of layer 5`, ..."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from attnviz.drawing.settings import HeadPlace, head_name
from attnviz.errors import UsageError
from attnviz.values import HEAD

_LAYER = re.compile(r"layer ([0-9]{1,4})")
_WORDS = re.compile(r"(any|all|mean)(?: of (.+))?|(any|all) layers?|(rollout)")
HINT = (
    'Use "any", "all", "mean", "rollout", "any layer", "all layers", "L5H7", "layer 5", a list of '
    'these two, or "any of layer 5".'
)


@dataclass(frozen=True, slots=True)
class Group:
    """Heads that make one number together: a head alone, or the mean of several."""

    name: str
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Heads:
    """Heads, or groups of them, and whether `any` of these must do or `all`.

    `each`: what makes a number: a "head", a "layer" (the mean of its heads), each "item" as it was
    named, all "together" (their mean), or the "rollout" through them all. `items` are a layer, and
    a head of it or None for the layer; none stands for all heads.
    """

    how: Literal["any", "all"] = "any"
    each: Literal["head", "layer", "item", "together", "rollout"] = "head"
    items: tuple[tuple[int, int | None], ...] = ()

    def groups(self, places: Sequence[HeadPlace]) -> list[Group]:
        """What makes a number each, of a model's heads; members are places among `places`.

        UsageError for a head or a layer that isn't there. Rollout has no groups.
        """
        for item in self.items:
            if not _members(item, places):
                last = f"Layers go from {places[0][0]} to {places[-1][0]}"
                heads = max(head for _, head in places)
                raise UsageError(
                    f"The model has no {_named(item)}.", f"{last}, heads from 0 to {heads}."
                )
        if self.each == "item":
            return [Group(_named(item), _members(item, places)) for item in self.items]
        chosen = [
            at
            for at, place in enumerate(places)
            if not self.items or any(at in _members(item, places) for item in self.items)
        ]
        if self.each == "head":
            return [Group(_named(places[at]), (at,)) for at in chosen]
        if self.each == "layer":
            layers = dict.fromkeys(places[at][0] for at in chosen)
            return [
                Group(_named((layer, None)), _members((layer, None), places)) for layer in layers
            ]
        return [Group("mean", tuple(chosen))] if self.each == "together" else []

    @property
    def single(self) -> bool:
        """Whether every number is that of a head alone."""
        alone = all(head is not None for _, head in self.items)
        return self.each == "head" or (self.each == "item" and alone)

    def __str__(self) -> str:
        named = ", ".join(map(_named, self.items))
        if self.each == "rollout":
            return "in rollout"
        if self.each == "item":
            return f"in {named}"
        if self.each == "layer":
            return f"in the mean of {'any layer' if self.how == 'any' else 'each layer'}"
        if self.each == "together":
            return f"in the mean of {named or 'all heads'}"
        if not named:
            return "in any head" if self.how == "any" else "in every head"
        return f"in any head of {named}" if self.how == "any" else f"in every head of {named}"


def read(value: str | tuple[str, ...]) -> Heads:
    """The heads that a rule names; UsageError where it names none."""
    if not value:
        raise UsageError("heads is empty.", HINT)
    if isinstance(value, tuple):
        return Heads("all", "item", tuple(map(_item, value)))
    words = _WORDS.fullmatch(" ".join(value.split()))
    if words is None:
        return Heads("all", "item", _items(value))
    if words[4]:
        return Heads("all", "rollout")
    if words[3]:
        return Heads("any" if words[3] == "any" else "all", "layer")
    items = _items(words[2]) if words[2] else ()
    if words[1] == "mean":
        return Heads("all", "together", items)
    return Heads("any" if words[1] == "any" else "all", "head", items)


def _items(names: str) -> tuple[tuple[int, int | None], ...]:
    return tuple(dict.fromkeys(_item(name) for name in names.split(",")))


def _item(name: str) -> tuple[int, int | None]:
    spaced = " ".join(name.split())
    if head := HEAD.fullmatch(spaced):
        return int(head[1]), int(head[2])
    if layer := _LAYER.fullmatch(spaced):
        return int(layer[1]), None
    raise UsageError(f"{name!r} names no heads.", HINT)


def _named(item: tuple[int, int | None]) -> str:
    layer, head = item
    return f"layer {layer}" if head is None else head_name(layer, head)


def _members(item: tuple[int, int | None], places: Sequence[HeadPlace]) -> tuple[int, ...]:
    layer, head = item
    return tuple(
        at for at, place in enumerate(places) if place[0] == layer and head in (None, place[1])
    )
