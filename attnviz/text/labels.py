"""Corrects the spans of tokens, and labels each token by the text it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import regex

from attnviz.text.showable import showable
from attnviz.text.types import Span, TokenLabel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# How tokenizers write a leading space: byte-level BPE, SentencePiece.
_SPACE_MARKS = ("Ġ", "▁")
# ... and all white space that byte-level BPE may start a token with: tab, line feed, return.
_WHITE_MARKS = (*_SPACE_MARKS, "ĉ", "Ċ", "č")
# Marks in the pieces of tokenizers without offsets: `##ing`, `▁the`, `lo@@`.
_AFFIX = regex.compile(r"^(?:##|[▁Ġ]+)|(?:@@|</w>)$")


def with_leading_space(
    text: str, spans: Sequence[Span], pieces: Sequence[str], kinds: Sequence[str]
) -> list[Span]:
    """The `spans` of tokens with the leading white space that a tokenizer left off."""
    spaced: list[Span] = []
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
        spaced.append((start, end))
        last = max(last, end)
    return spaced


def _is_dummy(piece: str, surface: str) -> bool:
    """Whether a piece is the space that a tokenizer put before a text that begins without one."""
    if not surface or surface[0].isspace() or surface[0] in _SPACE_MARKS:
        return False
    return set(piece) <= set(_SPACE_MARKS)


def with_shared_characters(spans: Sequence[Span], kinds: Sequence[str]) -> Iterator[Span]:
    """The spans of decoded tokens: tokens that end within a character have the whole character."""
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
    token_labels: list[TokenLabel] = []
    for place, (surface, piece, kind) in enumerate(zip(surfaces, pieces, kinds, strict=True)):
        if kind:
            token_labels.append(TokenLabel(showable(piece), special=True))
            continue
        continues = place > 0 and words[place] is not None and words[place] == words[place - 1]
        text = _text(surface, piece)
        if shares[place]:
            text = f"{text}·{shares[place]}"
        token_labels.append(TokenLabel(text, space=_starts_spaced(surface, piece), piece=continues))
    return tuple(token_labels)


def _shares(spans: Sequence[Span], kinds: Sequence[str]) -> list[int]:
    """Number the tokens that share a character, from 1; 0 for a token that shares none."""
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
