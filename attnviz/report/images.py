"""Pictures of a report: which stream and sentence each belongs to, and its bytes as a data URI."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.figures.picture import Picture

_OUTLINE = re.compile(r'(?<= d=")[^"]*')
_DIGITS = re.compile(r"(\.\d\d)\d+")
_BREAKS = re.compile(r"\s*\n(?=[A-Za-z])")
_FINDING = re.compile(r".*?(?:\.(?= [A-Z“])|$)", re.DOTALL)
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_RESERVED = '%#"<>&\\\t\n\r'  # "%" first: the others become it


def by_sentence(pictures: Sequence[Picture], stream: str = "") -> dict[int | None, list[Picture]]:
    """The pictures of one stream by sentence, those of the whole model under None, in order."""
    placed: dict[int | None, list[Picture]] = {}
    for picture in pictures:
        if picture.stream == stream:
            placed.setdefault(picture.sentence, []).append(picture)
    return placed


def data_uri(picture: Picture) -> Markup:
    """The picture as SVG in a data URI: sharp at every zoom and in print, one file to move.

    All that could end an attribute in double quotes is percent-encoded.
    """
    drawing = (picture.small or picture.svg).decode()
    drawing = drawing[max(drawing.find("<svg"), 0) :]
    drawing = re.sub(r">\s+<", "><", _OUTLINE.sub(_shorter, drawing))
    for character in _RESERVED:
        drawing = drawing.replace(character, f"%{ord(character):02X}")
    return Markup("data:image/svg+xml,") + Markup(_BEYOND_ASCII.sub(_percent, drawing))  # noqa: S704


def alt(picture: Picture) -> str:
    """What the picture shows, in words: its title and the finding of its caption."""
    return f"{picture.title}. {_FINDING.match(picture.caption)[0]}"  # type: ignore[index]


def _shorter(outline: re.Match[str]) -> str:
    return _BREAKS.sub("", _DIGITS.sub(r"\1", outline[0]))


def _percent(character: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in character[0].encode())
