"""Places tokens in the text they stand for, and labels them by it: never by mangled bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import regex

from attnviz.text.showable import showable
from attnviz.text.types import TokenLabel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Span = tuple[int, int]

# How tokenizers write a leading space: byte-level BPE, SentencePiece.
_SPACE_MARKS = ("Ġ", "▁")
# ... and all white space that byte-level BPE may start a token with: tab, line feed, return.
_WHITE_MARKS = (*_SPACE_MARKS, "ĉ", "Ċ", "č")
# What isn't text in the pieces of tokenizers that tell no offsets: `##ing`, `▁the`, `lo@@`.
_AFFIX = regex.compile(r"^(?:##|[▁Ġ]+)|(?:@@|</w>)$")


def placed(
    text: str, spans: Sequence[Span], pieces: Sequence[str], kinds: Sequence[str]
) -> list[Span]:
    """Give `spans` the leading white space that a tokenizer trimmed off; special ones stay."""
    found: list[Span] = []
    last = 0
    for span, piece, kind in zip(spans, pieces, kinds, strict=True):
        start, end = span
        if kind:
            pass  # as the tokenizer has it: (0, 0) where it stands for nothing in the text
        elif _is_dummy(piece, text[start:end]):
            end = start
        elif piece.startswith(_WHITE_MARKS) and text[start : start + 1] != piece[0]:
            while start > last and text[start - 1].isspace():
                start -= 1
        found.append((start, end))
        last = max(last, end)
    return found


def _is_dummy(piece: str, surface: str) -> bool:
    """Tell whether this is the space put before a text without one, placed on what follows it."""
    if not surface or surface[0].isspace() or surface[0] in _SPACE_MARKS:
        return False
    return set(piece) <= set(_SPACE_MARKS)


def shared(spans: Sequence[Span], kinds: Sequence[str]) -> Iterator[Span]:
    """Give tokens that end within a character (bytes of an emoji) that whole character."""
    for place, ((start, end), kind) in enumerate(zip(spans, kinds, strict=True)):
        if kind:
            yield 0, 0
            continue
        following = (after for _, after in spans[place:] if after > start)
        yield start, end if end > start else next(following, end)


def labels(
    surfaces: Sequence[str],
    spans: Sequence[Span],
    pieces: Sequence[str],
    kinds: Sequence[str],
    words: Sequence[int | None],
) -> tuple[TokenLabel, ...]:
    """Make a showable label for each token from its surface.

    Tokens that share a character (bytes of an emoji, say) are numbered: `🦀·1`, `🦀·2`.
    """
    shares = _shares(spans, kinds)
    made: list[TokenLabel] = []
    for k, (surface, piece, kind) in enumerate(zip(surfaces, pieces, kinds, strict=True)):
        if kind:
            made.append(TokenLabel(showable(piece), special=True))
            continue
        continues = k > 0 and words[k] is not None and words[k] == words[k - 1]
        text = _text(surface, piece)
        if shares[k]:
            text = f"{text}·{shares[k]}"
        made.append(TokenLabel(text, space=_starts_spaced(surface, piece), piece=continues))
    return tuple(made)


def _shares(spans: Sequence[Span], kinds: Sequence[str]) -> list[int]:
    """Count each token among those that share a character with it; 0 where none does."""
    shares = [0] * len(spans)
    for k in range(1, len(spans)):
        if not kinds[k] and not kinds[k - 1] and spans[k][0] < spans[k - 1][1]:
            shares[k - 1] = shares[k - 1] or 1
            shares[k] = shares[k - 1] + 1
    return shares


def _text(surface: str, piece: str) -> str:
    # The flag tells of a leading space; other white space, and space alone, is to be seen.
    body = showable(surface.lstrip(" ") or surface)
    if not body:
        return showable(_AFFIX.sub("", piece)) or "␣"
    continued = piece.startswith("##") and not surface.startswith("##")
    return f"##{body}" if continued else body


def _starts_spaced(surface: str, piece: str) -> bool:
    # A text may hold the marks themselves: then they stand in the surface too.
    marked = piece.startswith(_SPACE_MARKS) and surface[:1] != piece[0]
    return marked or surface[:1].isspace()
