"""A token that looks at commas."""

from attnviz.roles import masks
from attnviz.roles.role import TargetRole

ROLE = TargetRole(
    name="comma",
    title="comma",
    family="punctuation",
    letter="K",
    order=120,
    does="looks at commas",
    about="Words and other marks look at commas.",
    formula="S_i = the commas, i any other content token",
    source="Clark et al. 2019",
    margin=0.1,
    baselines=("profile",),
    needs="commas in the text",
    target=masks.keys(masks.comma),
)
