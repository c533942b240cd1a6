"""Pictures inside a page: which section each belongs to, and its bytes as a data URI."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attnviz.figures.kind import Picture

_SENTENCE = re.compile(r"^figures/s0*(\d+)/")


def sentence_of(picture: Picture) -> int | None:
    """The sentence that a picture shows, from its path; None for pictures of the whole model."""
    found = _SENTENCE.search(picture.path)
    return int(found[1]) if found else None


def by_sentence(pictures: Sequence[Picture]) -> dict[int | None, list[Picture]]:
    """Pictures by sentence, those of the whole model under None, in the order given."""
    placed: dict[int | None, list[Picture]] = {}
    for picture in pictures:
        placed.setdefault(sentence_of(picture), []).append(picture)
    return placed


def data_uri(picture: Picture) -> str:
    """The picture as SVG in a data URI: sharp at every zoom and in print, one file to move."""
    return f"data:image/svg+xml;base64,{b64encode(picture.svg).decode('ascii')}"
