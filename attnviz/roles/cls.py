"""A token that looks at CLS."""

from attnviz.roles.masks import keys, of_kind
from attnviz.roles.role import TargetRole

ROLE = TargetRole(
    name="cls",
    title="CLS",
    family="sink",
    letter="C",
    order=142,
    does="rests on CLS",
    about="Content tokens look at the CLS token.",
    formula="S_i = the CLS tokens",
    source="Clark et al. 2019; Kovaleva et al. 2019 (vertical)",
    margin=0.3,
    needs="a tokenizer that adds CLS",
    target=keys(lambda tokens: of_kind(tokens, "cls")),
)
