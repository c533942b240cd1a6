"""A mention that looks at another mention of the same entity."""

from __future__ import annotations

from collections.abc import Callable

from attnviz.roles.role import Arcs, WordRole
from attnviz.text.types import Annotation, Mention


def _antecedents(of: Annotation) -> Arcs:
    """From the head of each mention to those of earlier mentions of its entity."""
    mentions = _ordered(of)
    return [
        (one.head, other.head)
        for place, one in enumerate(mentions)
        for other in mentions[:place]
        if one.entity == other.entity and other.head < one.head
    ]


def _ordered(of: Annotation) -> list[Mention]:
    return sorted(of.mentions, key=lambda one: (one.head, one.start))


def _nearest(suits: Callable[[Annotation, Mention, Mention], bool]) -> Callable[[Annotation], Arcs]:
    """A rule: from the head of each mention to the nearest one before that suits."""

    def arcs(of: Annotation) -> Arcs:
        mentions = _ordered(of)
        found: dict[int, int] = {}
        for place, one in enumerate(mentions):
            for other in mentions[:place]:
                if other.head < one.head and suits(of, one, other):
                    found[one.head] = other.head
        return list(found.items())

    return arcs


def _same_word(of: Annotation, one: Mention, other: Mention) -> bool:
    return of.forms[one.head].casefold() == of.forms[other.head].casefold()


ROLE = WordRole(
    name="coreference",
    title="coreference",
    family="meaning",
    letter="R",
    order=210,
    about="The head word of a mention looks most at that of an earlier mention of the same entity.",
    formula=(
        "share of mentions with an antecedent whose most attended other word is the head of one"
    ),
    source="Clark et al. 2019",
    margin=0.1,
    baselines=("fixed offset", "part of speech", "nearest mention", "same word"),
    needs="entities in the annotation: Entity= in a .conllu file (CorefUD)",
    arcs=_antecedents,
    rivals={
        "nearest mention": _nearest(lambda of, one, other: True),  # noqa: ARG005
        "same word": _nearest(_same_word),
    },
)
