"""Widens the places of tokens to whole characters as a reader knows them (grapheme clusters)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.text.types import Span

# An extended grapheme cluster of Unicode's UAX 29: a letter with its marks, a Hangul syllable,
# an emoji with its skin tone or the joiners of a family. A line break stays two characters.
_CLUSTER = regex.compile(r"\r|\X")


def whole_characters(text: str, spans: Sequence[Span], texts: Sequence[int] = (0,)) -> list[Span]:
    """Move each end of the spans that stands within a grapheme cluster of `text` outwards.

    So a mark that a tokenizer stripped belongs to the token of its letter, and each token of a
    split cluster has all of it; empty spans within a cluster move behind it. `texts` are the
    offsets of the texts that were joined to `text`: no cluster crosses them.
    """
    if text.isascii():
        return list(spans)
    starts = _starts(text, texts)
    widened: list[Span] = []
    for start, end in spans:
        after = starts[bisect_left(starts, end)]
        widened.append((starts[bisect_right(starts, start) - 1] if start < end else after, after))
    return widened


def _starts(text: str, texts: Sequence[int]) -> list[int]:
    """Where the clusters of a text begin, and where the text ends."""
    ends = [*texts[1:], len(text)]
    return [
        match.start()
        for start, end in zip(texts, ends, strict=True)
        for match in _CLUSTER.finditer(text, start, end)
    ] + [len(text)]
