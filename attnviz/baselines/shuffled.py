"""What a head puts on the role's own pairs with their keys dealt out anew."""

from __future__ import annotations

import numpy as np

from attnviz.attention.targets import PairTarget, Target
from attnviz.baselines.baseline import Baseline
from attnviz.roles.role import Role
from attnviz.text.types import Tokens


def dealt(own: Target | None, seed: int) -> PairTarget:
    """A target of pairs with its keys dealt out anew among its queries."""
    if not isinstance(own, PairTarget):
        raise TypeError("only pairs can be shuffled")
    pairs = own.pairs.copy()
    np.random.default_rng(seed).shuffle(pairs[:, 1])
    return PairTarget(pairs, own.tokens)


def _target(role: Role, tokens: Tokens, own: Target | None) -> Target:  # noqa: ARG001 - any role of pairs
    return dealt(own, tokens.sentence.digest)


BASELINE = Baseline(
    name="shuffled",
    title="shuffled targets",
    about="The keys of the role's own pairs, dealt out anew among its queries.",
    formula="the mass on pairs (i, j'), j' the keys in an order that the text draws",
    order=40,
    target=_target,
)
