"""Weights of a sentence that are known because they were written down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from attnviz.drawing.side import Side
from attnviz.drawing.weights import Weights
from attnviz.text.types import TokenLabel, Tokens
from tests.helpers.planted import sentence


def tokens(text: str, *, words: tuple[int | None, ...] | None = None) -> Tokens:
    """Tokens of words between spaces; [CLS] and [SEP] are special, `words` numbers of words."""
    made = sentence(text)
    labels = tuple(
        TokenLabel(str(label), special=bool(kind))
        for label, kind in zip(made.labels, made.kinds, strict=True)
    )
    return replace(made, labels=labels, words=words or made.words)


CAT = tokens("[CLS] the cat ##nap The [SEP]", words=(None, 0, 1, 1, 2, None))
"""Words are "the", "catnap" and "The"."""

# Every query gives [CLS] 0.5, "the" 0.1, "cat" 0.2, "##nap" 0.1, "The" 0.1, [SEP] nothing; the last
# token of "catnap" gives all to "the".
ROW = np.array([0.5, 0.1, 0.2, 0.1, 0.1, 0.0], np.float32)
FIRST = np.tile(ROW, (6, 1))
FIRST[3] = [0, 1, 0, 0, 0, 0]
EVEN = np.full((6, 6), 1 / 6, np.float32)


def weights(*, last: bool = False) -> Weights:
    """Two layers of two heads; L0H1 is `FIRST`, all others are even."""
    side = Side.of(CAT)
    return Weights(
        model="model",
        text=CAT.sentence.text,
        query_side=side,
        key_side=side,
        places=((0, 0), (0, 1), (1, 0), (1, 1)),
        matrices=np.stack([EVEN, FIRST, EVEN, EVEN]),
        model_heads={0: 2, 1: 2},
        rollout=np.eye(6, dtype=np.float32),
        last=last,
    )
