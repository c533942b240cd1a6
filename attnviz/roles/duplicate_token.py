"""A token that looks at its own copies."""

from attnviz.attention.targets import PairTarget
from attnviz.roles import masks
from attnviz.roles.role import TargetRole
from attnviz.text.types import Tokens


def _target(tokens: Tokens) -> PairTarget:
    # Later copies are named too: a causal model doesn't see them, and only visible keys count.
    groups = masks.copies(tokens).values()
    return masks.pairs(((i, j) for group in groups for i in group for j in group if i != j), tokens)


ROLE = TargetRole(
    name="duplicate-token",
    title="duplicate token",
    family="copy",
    letter="D",
    order=130,
    about="Each token looks at other copies of itself; in causal models at earlier ones.",
    formula="S_i = {j != i : token j = token i}",
    source="Wang et al. 2023 (duplicate-token heads)",
    margin=0.1,
    baselines=("profile",),
    needs="tokens that occur twice in a sentence",
    target=_target,
)
