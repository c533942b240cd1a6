"""A separator that looks at separators."""

from attnviz.attention.targets import KeyTarget
from attnviz.roles.masks import of_kind
from attnviz.roles.role import TargetRole
from attnviz.text.types import Tokens


def _target(tokens: Tokens) -> KeyTarget:
    separators = of_kind(tokens, "sep")
    return KeyTarget(queries=separators, keys=separators)


ROLE = TargetRole(
    name="separator-self",
    title="separator to separator",
    family="sink",
    letter="Y",
    order=144,
    does="lets SEP look at SEP",
    about="SEP tokens look at SEP tokens; the one role whose queries are special tokens.",
    formula="S_i = the SEP tokens, i a SEP token",
    source="Clark et al. 2019",
    margin=0.3,
    needs="a tokenizer that adds SEP",
    target=_target,
)
