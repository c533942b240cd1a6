"""A token that looks at the one after it."""

from attnviz.roles.masks import offsets
from attnviz.roles.role import TargetRole

ROLE = TargetRole(
    name="next-token",
    title="next token",
    family="position",
    letter="N",
    order=30,
    does="looks at the next token",
    about="Each token looks at the token after it; causal models can't.",
    formula="S_i = {i + 1}",
    source="Clark et al. 2019; Voita et al. 2019 (positional heads)",
    margin=0.3,
    needs="attention to the right, which causal models don't have",
    target=offsets(1),
)
