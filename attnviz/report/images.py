"""Pictures inside a page: which section each belongs to, and its bytes as a data URI."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.figures.kind import Picture

_SENTENCE = re.compile(r"^figures/s0*(\d+)/")
_OUTLINE = re.compile(r'(?<= d=")[^"]*')
_DIGITS = re.compile(r"(\.\d\d)\d+")
_BREAKS = re.compile(r"\s*\n(?=[A-Za-z])")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_RESERVED = "%#\"'<>&\\\t\n\r"  # "%" first: the others become it


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
    """The picture as SVG in a data URI: sharp at every zoom and in print, one file to move.

    Outlines cut to hundredths of a point, without line breaks, and percent-encoded rather than
    in base64, make it about as large as the PNG.
    """
    drawing = picture.svg.decode()
    drawing = drawing[max(drawing.find("<svg"), 0) :]
    drawing = re.sub(r">\s+<", "><", _OUTLINE.sub(_shorter, drawing))
    for character in _RESERVED:
        drawing = drawing.replace(character, f"%{ord(character):02X}")
    return "data:image/svg+xml," + _BEYOND_ASCII.sub(_percent, drawing)


def _shorter(outline: re.Match[str]) -> str:
    return _BREAKS.sub("", _DIGITS.sub(r"\1", outline[0]))


def _percent(character: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in character[0].encode())
