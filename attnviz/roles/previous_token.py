"""A token that looks at the one before it."""

from attnviz.roles.masks import offsets
from attnviz.roles.role import TargetRole

ROLE = TargetRole(
    name="previous-token",
    title="previous token",
    family="position",
    letter="P",
    order=20,
    does="looks at the previous token",
    about="Each token looks at the token before it.",
    formula="S_i = {i - 1}",
    source="Clark et al. 2019; Voita et al. 2019 (positional heads)",
    margin=0.3,
    target=offsets(-1),
)
