"""Aligns the words of a sentence with the model's tokens, by their places in the text."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.text.word_numbers import word_spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from attnviz.text.types import Span, Tokens


@dataclass(frozen=True, slots=True)
class Words:
    """Which tokens stand for which words.

    `tokens` are the indices of each unit's tokens, in order. A unit is a word, or several words
    that share a token. `of_word` is the unit of each word of the annotation, -1 for a word without
    tokens. Tokens may belong to no unit.
    """

    tokens: tuple[tuple[int, ...], ...]
    of_word: tuple[int, ...]


def word_tokens(tokens: Tokens) -> Words:
    """Align the words of the annotation, or else those of `Tokens.words`, with the tokens."""
    annotation = tokens.sentence.annotation
    if annotation is None:
        units = tuple(tuple(range(word.start, word.end)) for word in word_spans(tokens))
        return Words(units, tuple(range(len(units))))
    stretches, of_word = _stretches(annotation.spans)
    touched = list(_touched(tokens, stretches))
    # A token that touches several stretches ties each to the next.
    tied = {place for _, met in touched for place in met[:-1]}
    groups: dict[int, list[int]] = {}
    first_of: list[int] = []
    for place in range(len(stretches)):
        first_of.append(first_of[-1] if place - 1 in tied else place)
    for token, met in touched:
        groups.setdefault(first_of[met[0]], []).append(token)
    units_of = {first: unit for unit, first in enumerate(sorted(groups))}
    return Words(
        tuple(tuple(groups[first]) for first in units_of),
        tuple(-1 if place < 0 else units_of.get(first_of[place], -1) for place in of_word),
    )


def _stretches(spans: Sequence[Span]) -> tuple[list[Span], list[int]]:
    """Merge overlapping spans to stretches of text; also the stretch of each span, -1 if empty."""
    stretches: list[Span] = []
    of_span = [-1] * len(spans)
    for place in sorted(range(len(spans)), key=spans.__getitem__):
        start, end = spans[place]
        if start >= end:
            continue
        if stretches and start < stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(end, stretches[-1][1]))
        else:
            stretches.append((start, end))
        of_span[place] = len(stretches) - 1
    return stretches, of_span


def _touched(tokens: Tokens, stretches: Sequence[Span]) -> Iterator[tuple[int, range]]:
    """Yield each content token that overlaps with stretches, and the range of these.

    A token of nothing but the space before a word (`▁` of SentencePiece) goes with the word where
    the tokenizer counts it as one of the word's tokens.
    """
    starts = [start for start, _ in stretches]
    ends = [end for _, end in stretches]
    text = tokens.sentence.text
    blank: list[int] = []
    for token, ((start, end), kind) in enumerate(zip(tokens.spans, tokens.kinds, strict=True)):
        # A token's leading space is no part of the word before, though words may hold spaces.
        first = start + len(text[start:end]) - len(text[start:end].lstrip())
        if not kind and first == end:
            blank.append(token)
            continue
        met = range(bisect_right(ends, first), bisect_left(starts, end))
        if not kind and met:
            yield from ((k, met[:1]) for k in blank if tokens.words[k] == tokens.words[token])
            yield token, met
        blank = []
