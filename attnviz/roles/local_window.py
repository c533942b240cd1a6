"""A token that looks at its neighbours."""

from attnviz.roles.masks import offsets
from attnviz.roles.role import TargetRole

ROLE = TargetRole(
    name="local-window",
    title="local window",
    family="position",
    letter="W",
    order=50,
    does="looks at the nearest tokens",
    about="Each token looks at its neighbours, up to two places away, itself left out.",
    formula="S_i = {j : 0 < |i - j| <= 2}",
    source="Kovaleva et al. 2019; Pande et al. 2021 (local heads)",
    margin=0.4,
    target=offsets(-2, -1, 1, 2),
)
