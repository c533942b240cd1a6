"""A target token that looks at the end of the source."""

from attnviz.attention.targets import KeyTarget
from attnviz.roles.masks import content, of_kind
from attnviz.roles.role import CrossRole
from attnviz.text.types import Tokens


def _target(queries: Tokens, keys: Tokens) -> KeyTarget:
    return KeyTarget(queries=content(queries), keys=of_kind(keys, "eos", "sep"))


ROLE = CrossRole(
    name="source-end",
    title="source end (sink)",
    family="sink",
    letter="Z",
    order=145,
    does="rests on the end of the source",
    about="Target tokens look at the token that ends the source: often a way to do nothing.",
    formula="S_i = the EOS and SEP tokens of the source",
    source="Clark et al. 2019 (separators as no-op)",
    margin=0.3,
    needs="a tokenizer that ends the source with EOS or SEP",
    candidates={"": _target},
)
