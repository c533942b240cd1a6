"""Numbers the word that each token belongs to, by the text's words and not the tokenizer's."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import regex

from attnviz.text.showable import showable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.text.types import Tokens

_INSIDE = regex.compile(r"[\w\p{M}]")


class WordSpan(NamedTuple):
    """A word, its text showable, and the range of its tokens: from `start` to before `end`."""

    text: str
    start: int
    end: int


def word_spans(tokens: Tokens) -> tuple[WordSpan, ...]:
    """List the words of a sentence in their order, each with the range of its tokens."""
    words: list[WordSpan] = []
    start = 0
    for end in range(1, len(tokens) + 1):
        if end < len(tokens) and tokens.words[end] == tokens.words[start]:
            continue
        if tokens.words[start] is not None:
            words.append(WordSpan(_text(tokens, start, end), start, end))
        start = end
    return tuple(words)


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
    words: Sequence[tuple[int, int]],
    hints: Sequence[int | None] | None = None,
) -> tuple[int | None, ...]:
    """The number of each token's word, rising from 0; None for special tokens.

    `spans` are the spans of the tokens in `text`, `words` those of its words, in order. Words that
    share a token have one number. A token of white space, or of nothing, is a word of its own,
    unless `hints`, the tokenizer's own word numbers, join it with the next token (SentencePiece's
    `▁`). Without hints it belongs to the next token.
    """
    starts, ends = [start for start, _ in words], [end for _, end in words]
    numbers: list[int | None] = []
    number, reach = -1, 0  # `reach`: words before this one are part of the word so far
    opened: int | None = None  # the hint of a token of white space just before
    for (start, end), kind, hint in zip(spans, kinds, hints or [0] * len(spans), strict=True):
        if kind:
            numbers.append(None)
            reach, opened = 0, None
            continue
        first = start + len(text[start:end]) - len(text[start:end].lstrip())
        touched = _touched(first, end, starts, ends)
        joins = bool(touched) and touched.start < reach
        joins |= opened is not None and opened == hint and first == start
        number += not joins
        numbers.append(number)
        reach = max(reach, touched.stop) if touched else reach
        opened = None if touched else hint
    return tuple(numbers)


def _touched(first: int, end: int, starts: Sequence[int], ends: Sequence[int]) -> range:
    """The words that a token overlaps with, or that an empty token is inside of."""
    begin = bisect_right(ends, first)
    if first < end:
        return range(begin, bisect_left(starts, end))
    inside = begin < len(starts) and starts[begin] < first
    return range(begin, begin + inside)


@lru_cache(maxsize=2**16)  # words of a corpus come again and again
def longest_run(surfaces: tuple[str, ...]) -> int:
    """The most tokens of a word with no mark between them: "didn", "'", "t" is 1.

    So a word that marks divide isn't taken for rare.
    """
    longest = run = 0
    for surface in surfaces:
        bare = surface.strip()
        if not bare:
            continue
        if not _INSIDE.match(bare):
            run = 0
        run += _INSIDE.search(bare) is not None
        longest = max(longest, run)
        if not _INSIDE.match(bare[-1]):
            run = 0
    return longest
