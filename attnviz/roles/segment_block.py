"""A token that looks at its own segment: the text of a pair that it is in."""

import numpy as np

from attnviz.attention.targets import MatchTarget
from attnviz.roles.role import TargetRole
from attnviz.text.types import Tokens


def _target(tokens: Tokens) -> MatchTarget:
    # A match leaves the token itself out: a head that looks at itself is no block.
    inside = [-1 if segment is None else segment for segment in tokens.segments] or [-1] * len(
        tokens
    )
    labels = np.where(tokens.content, np.array(inside, dtype=np.int64), -1)
    return MatchTarget(labels, labels)


ROLE = TargetRole(
    name="segment-block",
    title="segment block",
    family="shape",
    letter="G",
    order=155,
    does="keeps to its own text of the pair",
    about="Each token of a pair of texts looks at the other tokens of its own text.",
    formula="S_i = {j != i : j is of the same text as i}, special tokens left out",
    source="Kovaleva et al. 2019 (block)",
    margin=0.1,
    baselines=("other segment",),
    needs="sentence pairs (--split pair)",
    target=_target,
)
