"""What a head puts right beside the role's own pairs: near the diagonal, whichever word it is."""

from __future__ import annotations

import numpy as np

from attnviz.attention.targets import PairTarget, Target
from attnviz.baselines.baseline import Baseline
from attnviz.roles.role import Role
from attnviz.text.types import Tokens


def beside(own: Target | None) -> PairTarget:
    """A target of pairs with each key moved by one, to the left and to the right in turn.

    At the first and the last key of the target they are moved inwards; a single one stays.
    """
    if not isinstance(own, PairTarget):
        raise TypeError("only pairs have words beside them")
    pairs = own.pairs.copy()
    if len(pairs):
        keys = pairs[:, 1]
        first, last = keys.min(), keys.max()
        step = np.where(np.arange(len(keys)) % 2, 1, -1)
        step = np.where(keys == first, 1, np.where(keys == last, -1, step))
        pairs[:, 1] = np.minimum(keys + step, last)
    return PairTarget(pairs, own.tokens)


def _target(role: Role, tokens: Tokens, own: Target | None) -> Target:  # noqa: ARG001 - any role of pairs
    return beside(own)


BASELINE = Baseline(
    name="diagonal",
    title="the words beside it",
    about=(
        "The keys right beside those of the role's own pairs, on the left and on the right in "
        "turn: what a head gets that looks at the same part of the sentence, whichever word."
    ),
    formula="the mass on pairs (i, j - 1) and (i, j + 1) in turn",
    order=45,
    target=_target,
)
