"""A token that looks at itself."""

from attnviz.roles.masks import offsets
from attnviz.roles.role import TargetRole

ROLE = TargetRole(
    name="self",
    title="self",
    family="position",
    letter="S",
    order=10,
    does="looks at the token itself",
    about="Each token looks at itself.",
    formula="S_i = {i}",
    source="Vig & Belinkov 2019; Kovaleva et al. 2019 (diagonal)",
    margin=0.3,
    target=offsets(0),
)
