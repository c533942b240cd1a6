"""A token that looks at what followed its earlier copies."""

import numpy as np

from attnviz.attention.targets import MatchTarget
from attnviz.roles import masks
from attnviz.roles.copies import copies
from attnviz.roles.masks import Ints
from attnviz.roles.role import TargetRole
from attnviz.roles.runs import RULE
from attnviz.text.types import Tokens


def _target(tokens: Tokens) -> MatchTarget:
    return after_copies(tokens, copies(tokens))


def after_copies(tokens: Tokens, labels: Ints) -> MatchTarget:
    """The content tokens that follow earlier copies, which have one of the `labels` [token]."""
    # A key is known by what stands before it, which is the earlier copy.
    before = np.concatenate([[-1], labels[:-1]])
    return MatchTarget(labels, np.where(masks.content(tokens), before, -1), before=True)


ROLE = TargetRole(
    name="induction",
    title="induction (running text)",
    family="copy",
    letter="I",
    order=140,
    does="looks at what followed a token's earlier copies",
    about="Each token looks at the tokens that followed its earlier copies.",
    formula=(
        f"S_i = {{j + 1 : j + 1 < i, token j = token i, both known, neither in a run}}. {RULE}"
    ),
    source="Olsson et al. 2022",
    margin=0.1,
    baselines=("profile", "duplicate-token", "previous-token"),
    needs="tokens that occur twice in a sentence",
    target=_target,
)
