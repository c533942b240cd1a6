"""A token that looks at the separators."""

from attnviz.roles.masks import keys, of_kind
from attnviz.roles.role import TargetRole

ROLE = TargetRole(
    name="separator",
    title="separator",
    family="sink",
    letter="X",
    order=143,
    does="rests on SEP",
    about="Content tokens look at SEP tokens: often a way to do nothing.",
    formula="S_i = the SEP tokens",
    source="Clark et al. 2019",
    margin=0.3,
    needs="a tokenizer that adds SEP",
    target=keys(lambda tokens: of_kind(tokens, "sep")),
)
