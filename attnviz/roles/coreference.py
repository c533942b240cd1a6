"""A mention that looks at another mention of the same entity."""

from __future__ import annotations

from collections import defaultdict

from attnviz.roles.role import Arcs, WordRole
from attnviz.text.types import Annotation


def _antecedents(of: Annotation) -> Arcs:
    """From the head of each mention to those of earlier mentions of its entity."""
    earlier: dict[str, list[int]] = defaultdict(list)
    arcs: list[tuple[int, int]] = []
    for mention in sorted(of.mentions, key=lambda mention: (mention.head, mention.start)):
        heads = earlier[mention.entity]
        arcs += [(mention.head, head) for head in heads if head < mention.head]
        heads.append(mention.head)
    return arcs


ROLE = WordRole(
    name="coreference",
    title="coreference",
    family="meaning",
    letter="R",
    order=210,
    does="looks at an earlier mention of the same thing",
    measures="of the words right",
    about="The head word of a mention looks most at that of an earlier mention of the same entity.",
    formula=(
        "share of mentions with an antecedent whose most attended other word is the head of one"
    ),
    source="Clark et al. 2019",
    margin=0.1,
    baselines=("fixed offset", "part of speech", "nearest mention", "same word"),
    needs="entities in the annotation: Entity= in a .conllu file (CorefUD)",
    arcs=_antecedents,
)
