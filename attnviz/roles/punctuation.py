"""A token that looks at punctuation."""

from attnviz.roles import masks
from attnviz.roles.role import TargetRole

ROLE = TargetRole(
    name="punctuation",
    title="punctuation",
    family="punctuation",
    letter="U",
    order=100,
    does="looks at punctuation",
    about="Words look at punctuation marks and symbols.",
    formula="S_i = the tokens of Unicode categories P and S, i any other content token",
    source="Clark et al. 2019",
    margin=0.1,
    baselines=("profile",),
    needs="punctuation in the text",
    target=masks.keys(masks.punctuation),
)
