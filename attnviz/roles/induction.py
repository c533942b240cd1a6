"""A token that looks at what followed its earlier copies."""

from attnviz.attention.targets import PairTarget
from attnviz.roles import masks
from attnviz.roles.role import TargetRole
from attnviz.text.types import Tokens


def _target(tokens: Tokens) -> PairTarget:
    content = masks.content(tokens)
    return masks.pairs(
        (
            (query, copy + 1)
            for places in masks.copies(tokens).values()
            for query in places
            for copy in places
            if copy + 1 < query and content[copy + 1]
        ),
        tokens,
    )


ROLE = TargetRole(
    name="induction",
    title="induction (running text)",
    family="copy",
    letter="I",
    order=140,
    about="Each token looks at the tokens that followed its earlier copies.",
    formula="S_i = {j + 1 : j + 1 < i, token j = token i}",
    source="Olsson et al. 2022",
    margin=0.1,
    baselines=("profile", "duplicate-token", "previous-token"),
    needs="tokens that occur twice in a sentence",
    target=_target,
)
