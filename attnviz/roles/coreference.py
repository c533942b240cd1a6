"""A mention that looks at another mention of the same entity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from attnviz.roles.role import Arcs, WordRole
from attnviz.text.types import Annotation


def _antecedents(of: Annotation) -> Arcs:
    """From the head of each mention to those of earlier mentions of its entity."""
    earlier: dict[str, list[int]] = defaultdict(list)
    arcs: list[tuple[int, int]] = []
    for one in sorted(of.mentions, key=lambda one: (one.head, one.start)):
        arcs += [(one.head, head) for head in earlier[one.entity] if head < one.head]
        earlier[one.entity].append(one.head)
    return arcs


def _nearest(likeness: Callable[[Annotation, int], str]) -> Callable[[Annotation], Arcs]:
    """A rule: from the head of each mention to the nearest head before it that is like it."""

    def arcs(of: Annotation) -> Arcs:
        found: list[tuple[int, int]] = []
        last: dict[str, int] = {}
        for head in sorted({one.head for one in of.mentions}):
            like = likeness(of, head)
            if like in last:
                found.append((head, last[like]))
            last[like] = head
        return found

    return arcs


def _word(of: Annotation, head: int) -> str:
    return of.forms[head].casefold()


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
        "nearest mention": _nearest(lambda of, head: ""),  # noqa: ARG005 - all are alike
        "same word": _nearest(_word),
    },
)
