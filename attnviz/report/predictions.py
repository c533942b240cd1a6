"""What a model says of a sentence, as a report tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from attnviz.shape import Count, Share


@dataclass(frozen=True, slots=True)
class Choice:
    """A label, or a token, and how likely the model takes it to be."""

    text: str
    """The label, or the token's text with its leading space."""
    probability: Share
    """By the softmax over all choices; of labels that may apply together by each one's sigmoid."""


@dataclass(frozen=True, slots=True)
class LayerLooks:
    """What the tokens that the head reads look at in one layer, mean over its heads."""

    layer: Count
    """Its number."""
    keys: tuple[Count, ...]
    """The tokens that are looked at most, the strongest first."""
    weights: tuple[float, ...]
    """The weight on each."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing that the model says."""

    choices: tuple[Choice, ...]
    """The likeliest first."""
    place: Count | None
    """The token it is about: a mask, or the first of a word; null for the sentence."""
    read: tuple[Count, ...]
    """The tokens whose states after the last layer the head reads; empty where unknown."""
    looks: tuple[LayerLooks, ...]
    """What these look at, layer by layer; empty where they are unknown."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of a sentence."""

    kind: Literal["label", "labels", "next-token", "masked-words", "token-labels"]
    """One label, all that apply, the next token, the words behind masks, or a label a word."""
    answers: tuple[Answer, ...]
    """One for the sentence, or one for each mask or word."""
    label: str | None
    """The right label (--labels); null where none was given."""
    right: bool | None
    """Whether the likeliest label is that; null where none was given."""
