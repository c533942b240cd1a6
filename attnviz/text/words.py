"""Numbers the words that tokens belong to, whatever the tokenizer tells about them."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

import regex

from attnviz.text.showable import showable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.text.types import Tokens

# Letters, digits and marks, with apostrophes and hyphens between them; else each sign alone.
_WORD = regex.compile(r"[\w\p{M}]+(?:['’\-][\w\p{M}]+)*|[^\w\s]")


class WordSpan(NamedTuple):
    """A word and where its tokens stand: from `start` to before `end`; `text` is showable."""

    text: str
    start: int
    end: int


def word_spans(tokens: Tokens) -> tuple[WordSpan, ...]:
    """List the words of a sentence in their order, each with the range of its tokens."""
    found: list[WordSpan] = []
    start = 0
    for end in range(1, len(tokens) + 1):
        if end < len(tokens) and tokens.words[end] == tokens.words[start]:
            continue
        if tokens.words[start] is not None:
            found.append(WordSpan(_text(tokens, start, end), start, end))
        start = end
    return tuple(found)


def _text(tokens: Tokens, start: int, end: int) -> str:
    if tokens.spans:
        text = tokens.sentence.text[tokens.spans[start][0] : tokens.spans[end - 1][1]]
    else:
        text = "".join(tokens.surfaces[start:end])
    # Tokens that stand for nothing in the text have a label all the same.
    return showable(text.strip() or text) or "".join(map(str, tokens.labels[start:end]))


def numbered_words(
    text: str,
    spans: Sequence[tuple[int, int]],
    kinds: Sequence[str],
    hints: Sequence[int | None] | None,
) -> tuple[int | None, ...]:
    """Give each token the number of its word, rising from 0; None for special tokens.

    `spans` are the tokens' places in `text`, `hints` the tokenizer's own idea of its words. White
    space ends a word whatever the hint, as tokenizers without a pre-tokenizer take a sentence for
    one word, and tokens that share a character are of one word. Without hints the words are found
    in `text`.
    """
    words: list[int | None] = []
    number = -1
    place = 0
    previous: int | None = None
    hints = _found_in(text, spans) if hints is None else hints
    for (start, end), kind, hint in zip(spans, kinds, hints, strict=True):
        if kind:
            words.append(None)
            previous = None
            continue
        # Up to and with the token's first character; nothing where it shares one with the last.
        spaced = any(map(str.isspace, text[place : min(start + 1, end)]))
        if start >= place and (hint is None or hint != previous or spaced):
            number += 1
        words.append(number)
        previous, place = hint, max(place, end)
    return tuple(words)


def _found_in(text: str, spans: Sequence[tuple[int, int]]) -> list[int | None]:
    """Find the word of `text` that each token starts in, None where it starts in none."""
    places = [match.span() for match in _WORD.finditer(text)]
    starts = [start for start, _ in places]
    hints: list[int | None] = []
    for start, end in spans:
        first = start + len(text[start:end]) - len(text[start:end].lstrip())
        word = bisect_right(starts, first) - 1
        inside = start < end and word >= 0 and first < places[word][1]
        hints.append(word if inside else None)
    return hints
