"""A word that looks at words of related meaning."""

from collections.abc import Callable

import numpy as np

from attnviz.attention.targets import PairTarget
from attnviz.roles.role import TargetRole
from attnviz.text.types import Tokens


def _pairs(
    which: Callable[[Tokens], tuple[tuple[int, int], ...]],
) -> Callable[[Tokens], PairTarget]:
    def target(tokens: Tokens) -> PairTarget:
        return PairTarget(np.array(which(tokens), np.int64).reshape(-1, 2), len(tokens))

    return target


# What is related, the model's input embeddings say: see `attnviz.models.related`.
ROLE = TargetRole(
    name="related-words",
    title="related words",
    family="meaning",
    letter="M",
    order=134,
    does="looks at words of related meaning",
    about="Content words look at other words whose input embeddings are close to their own.",
    formula=(
        "S_i = the tokens of the at most 8 content words, more than 2 words away and of another "
        "form, whose cosine with word i's input embedding is above the 99th percentile of pairs "
        "of the text's words"
    ),
    source="Vaswani et al. 2017 (heads by meaning); Mikolov et al. 2013 (cosine of embeddings)",
    # Half of the usual: close embeddings are a rough sign of relation, and related words share a
    # row with neighbours and copies, which are related more closely still.
    margin=0.05,
    baselines=("matched", "profile"),
    needs="sentences with content words of close input embeddings, and a model that has these",
    target=_pairs(lambda tokens: tokens.related),
    matched=_pairs(lambda tokens: tokens.unrelated),
)
