"""In which direction tokens are read, and how they stand in running text."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from attnviz.text.types import TokenLabel


def right_to_left(labels: Sequence[TokenLabel]) -> bool:
    """Whether most letters are of a script that is read from right to left."""
    sides = [
        unicodedata.bidirectional(char)
        for label in labels
        if not label.special
        for char in label.text
    ]
    left, right = sides.count("L"), sum(side in ("R", "AL") for side in sides)
    return right > left


def spaced(labels: Sequence[TokenLabel]) -> list[bool]:
    """Before which tokens running text has a space.

    Where no token says that it starts with one, words are apart.
    """
    marked = any(label.space for label in labels)
    return [
        place > 0
        and (
            label.special
            or labels[place - 1].special
            or (label.space if marked else not label.piece)
        )
        for place, label in enumerate(labels)
    ]


def in_text(label: TokenLabel) -> TokenLabel:
    """The label without the marks that running text shows by itself."""
    text = label.text
    if label.piece and text.startswith("##") and len(text) > len("##"):
        text = text.removeprefix("##")
    return replace(label, text=text, space=False)
