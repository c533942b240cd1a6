"""A token that looks at its own copies."""

from attnviz.attention.targets import MatchTarget
from attnviz.roles.copies import copies
from attnviz.roles.role import TargetRole
from attnviz.roles.runs import RULE
from attnviz.text.types import Tokens


def _target(tokens: Tokens) -> MatchTarget:
    # Later copies are named too: a causal model doesn't see them, and only visible keys count.
    labels = copies(tokens)
    return MatchTarget(labels, labels)


ROLE = TargetRole(
    name="duplicate-token",
    title="duplicate token",
    family="copy",
    letter="D",
    order=130,
    does="looks at other copies of the same token",
    about="Each token looks at other copies of itself; in causal models at earlier ones.",
    formula=f"S_i = {{j != i : token j = token i, both known, neither in a run}}. {RULE}",
    source="Wang et al. 2023 (duplicate-token heads)",
    margin=0.1,
    baselines=("profile",),
    needs="tokens that occur twice in a sentence",
    target=_target,
)
