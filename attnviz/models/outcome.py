"""What a model said of one sentence: plain data, before any of it is chosen for a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from attnviz.attention.targets import Floats

Kind = Literal["label", "labels", "next-token", "masked-words", "token-labels"]
"""What a model says: one label of a text, all that apply, the token that comes next, the words
behind masks, or a label for each word."""


@dataclass(frozen=True)
class Answer:
    """One answer: `choices` are texts with their probabilities, the likeliest first.

    `place` is the token that it is about, a mask or the first of a word; None where it is about
    the sentence. The head reads it off the last states of the tokens `read`; what these look at is
    `looks` [key] by layer, the mean over them and over the layer's heads. Both are empty where it
    can't be told what the head reads.
    """

    choices: tuple[tuple[str, float], ...]
    place: int | None
    read: tuple[int, ...]
    looks: Mapping[int, Floats]

    def in_words(self, groups: Sequence[Sequence[int]]) -> Answer:
        """The same with words in the place of tokens, each the sum over its tokens."""
        word_of = {token: word for word, group in enumerate(groups) for token in group}
        return replace(
            self,
            place=None if self.place is None else word_of[self.place],
            read=tuple(dict.fromkeys(word_of[token] for token in self.read)),
            looks={
                layer: np.array([weights[list(group)].sum() for group in groups])
                for layer, weights in self.looks.items()
            },
        )


@dataclass(frozen=True)
class Outcome:
    """All answers for a sentence."""

    kind: Kind
    answers: tuple[Answer, ...]

    def in_words(self, groups: Sequence[Sequence[int]]) -> Outcome:
        """The same with words in the place of tokens, whose tokens are `groups`."""
        return replace(self, answers=tuple(answer.in_words(groups) for answer in self.answers))
