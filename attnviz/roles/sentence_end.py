"""A token that looks at the mark that ends the sentence."""

from attnviz.roles import masks
from attnviz.roles.role import TargetRole

ROLE = TargetRole(
    name="sentence-end",
    title="sentence end",
    family="punctuation",
    letter="E",
    order=110,
    does="looks at the mark that ends the sentence",
    about=(
        "Words and other marks look at full stops, question and exclamation marks. "
        "Where every sentence ends in one, a head that looks at the last place can't be told apart."
    ),
    formula="S_i = the tokens with Unicode property Sentence_Terminal, i any other content token",
    source="Clark et al. 2019",
    margin=0.1,
    baselines=("profile",),
    needs="marks that end sentences, seen by other tokens (in causal models: followed by some)",
    target=masks.keys(masks.sentence_end),
)
