"""A finished figure, with what it shows."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure's two files, its size in CSS pixels, its words, and what it shows.

    `small` is the same drawing as the page has it, an SVG.

    `path` is that of both files, without their suffix. `stream` is "" where the model has one only;
    `sentence` is None and `heads`, as (layer, head), empty in pictures of all of them.
    """

    path: str
    title: str
    caption: str
    png: bytes = field(repr=False)
    svg: bytes = field(repr=False)
    width: int
    height: int
    stream: str = ""
    sentence: int | None = None
    heads: tuple[tuple[int, int], ...] = ()
    small: bytes = field(default=b"", repr=False)
