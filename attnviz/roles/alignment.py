"""A target token that looks at the source token in its place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attnviz.attention.targets import PairTarget
from attnviz.roles.masks import content
from attnviz.roles.role import CrossRole
from attnviz.text.types import Tokens


def _monotonic(before: int) -> Callable[[Tokens, Tokens], PairTarget]:
    """Each word of the target looks at the word of the source that is as far along.

    `before`: whether the query is the word itself (0) or the one before it, which predicts it (1).
    """

    def target(queries: Tokens, keys: Tokens) -> PairTarget:
        words, sources = (content(side).nonzero()[0] for side in (queries, keys))
        along = (2 * np.arange(len(words)) + 1) * len(sources) // max(2 * len(words), 1)
        if not len(sources):
            return PairTarget(np.zeros((0, 2), np.int64), len(queries))
        pairs = np.stack([words - before, sources[along]], axis=1).astype(np.int64)
        return PairTarget(pairs[pairs[:, 0] >= 0], len(queries))

    return target


ROLE = CrossRole(
    name="alignment",
    title="alignment",
    family="position",
    letter="L",
    order=60,
    does="follows the source word by word",
    about=(
        "Each target token looks at the source token that is as far along its sentence; with "
        "`predicts` it is the token before that does, which writes the target token."
    ),
    formula="S_i = {floor((i + 1/2) n / m)} among n source and m target content tokens",
    source="Bahdanau et al. 2015; Raffel et al. 2017 (monotonic attention)",
    margin=0.1,
    baselines=("shuffled", "diagonal"),
    needs="content tokens on both sides",
    candidates={"reads": _monotonic(0), "predicts": _monotonic(1)},
    ahead="predicts",
)
