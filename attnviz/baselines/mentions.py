"""Rules from mentions to mentions before them."""

from __future__ import annotations

from collections.abc import Callable

from attnviz.roles.role import ArcRule, Arcs
from attnviz.text.types import Annotation


def nearest(likeness: Callable[[Annotation, int], str]) -> ArcRule:
    """From the head of each mention to the nearest head before it that is like it."""

    def arcs(annotation: Annotation) -> Arcs:
        pairs: list[tuple[int, int]] = []
        last: dict[str, int] = {}
        for head in sorted({mention.head for mention in annotation.mentions}):
            like = likeness(annotation, head)
            if like in last:
                pairs.append((head, last[like]))
            last[like] = head
        return pairs

    return arcs
