"""Sentences of words that are annotated, and heads that look from word to word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from attnviz.attention.word_table import WordTable
from attnviz.observers.words import WordKeeper
from attnviz.roles.dependency import ROLE as DEPENDENCY
from attnviz.roles.role import Role, expanded
from attnviz.text.types import Annotation, Sentence, Tokens
from tests.helpers.planted import sentence


def annotated(text: str, words: str, **known: Any) -> Tokens:
    """Tokens between spaces, special ones in brackets; `words` numbers the word of each."""
    tokens = sentence(text)
    surfaces, spans, at = tokens.surfaces, [], 0
    for surface in surfaces:
        spans.append((at, at + len(surface)) if surface else (0, 0))
        at += len(surface)
    numbers = [None if number == "-" else int(number) for number in words.split()]
    count = max(number for number in numbers if number is not None) + 1
    pieces = [
        [span for span, number in zip(spans, numbers, strict=True) if number == word]
        for word in range(count)
    ]
    whole = "".join(surfaces)
    places = tuple((first[0][0], first[-1][1]) for first in pieces)
    annotation = Annotation(
        forms=tuple(whole[start:end] for start, end in places),
        spans=places,
        upos=("",) * count,
        heads=(-1,) * count,
        relations=("",) * count,
    )
    return replace(
        tokens,
        sentence=Sentence(1, whole, annotation=replace(annotation, **known)),
        words=tuple(numbers),
        spans=tuple(spans),
    )


# [CLS] un do it [SEP]: "undo" is two tokens. Word 0 looks at "it" with (0.3 + 0.1) / 2 = 0.2, and
# at itself with more, which doesn't count; word 1 at "undo" with 0.2 + 0.3 = 0.5.
SPLIT = annotated("[CLS] un do it [SEP]", "- 0 0 1 -")


def role(name: str, texts: list[Tokens]) -> Role:
    known = [one.sentence.annotation for one in texts if one.sentence.annotation]
    return next(one for one in expanded([DEPENDENCY], known) if one.name == name)


def planted(best: list[list[int]], texts: list[Tokens], *, causal: bool = False) -> WordTable:
    """A table of one head that looks where `best` says, sentence by sentence."""
    counts = [len(one) for one in best]
    starts = np.concatenate([[0], np.cumsum(counts)])
    words = WordKeeper(texts).table().words
    flat = np.array([[key for one in best for key in one]], np.int32)
    return WordTable(words, starts, flat, np.zeros(1), causal)


# "the" is the dependent of "cat", "cat" of "sat", "sat" the root.
CAT = annotated(
    "the cat sat",
    "0 1 2",
    upos=("DET", "NOUN", "VERB"),
    heads=(1, 2, -1),
    relations=("det", "nsubj", "root"),
)
