"""Merges the tokens of each word into one, for reports at the level of words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from attnviz.text.aligned import word_tokens
from attnviz.text.showable import showable
from attnviz.text.types import TokenLabel, Tokens
from attnviz.text.unknown import unknown_label
from attnviz.text.word_numbers import longest_run

Groups = tuple[tuple[int, ...], ...]
Pieces = Literal["auto", "mean", "last"]
"""Which of a word's tokens are its queries; "auto": the last in a causal model, else all."""


def last_looks(pieces: Pieces, *, causal: bool) -> bool:
    """Whether only the last token of a word is a query for it."""
    return pieces == "last" or (pieces == "auto" and causal)


@dataclass(frozen=True)
class Merged:
    """A sentence in words: `tokens` has an entry a word, `groups` the indices of its tokens.

    Words are those of the annotation, else of `Tokens.words`; special tokens, and tokens that
    belong to no word, stay as they are. The same words have the same id, and rarer words higher
    ids (see `attnviz.roles.rare_token`).
    """

    tokens: Tokens
    groups: Groups


def merged(texts: Sequence[Tokens]) -> list[Merged]:
    """Each sentence in words; words of the same tokens have the same id in all sentences."""
    groups = [_groups(tokens) for tokens in texts]
    spelled = [
        [tuple(tokens.ids[place] for place in group) for group in text_groups]
        for tokens, text_groups in zip(texts, groups, strict=True)
    ]
    runs: dict[tuple[int, ...], int] = {}
    for tokens, text_groups, ids in zip(texts, groups, spelled, strict=True):
        for group, word in zip(text_groups, ids, strict=True):
            if word not in runs:
                runs[word] = longest_run(tuple(tokens.surfaces[place] for place in group))
    rarest_last = sorted(runs, key=lambda ids: (runs[ids], max(ids), ids))
    numbers = {ids: number for number, ids in enumerate(rarest_last)}
    return [
        Merged(_merge(tokens, text_groups, [numbers[word] for word in ids]), text_groups)
        for tokens, text_groups, ids in zip(texts, groups, spelled, strict=True)
    ]


def _groups(tokens: Tokens) -> Groups:
    """The tokens of each word, in the order of their first ones."""
    units = word_tokens(tokens).tokens
    inside = {place for unit in units for place in unit}
    alone = [(place,) for place in range(len(tokens)) if place not in inside]
    return tuple(sorted([*units, *alone]))


def _merge(tokens: Tokens, groups: Groups, ids: Sequence[int]) -> Tokens:
    first = [group[0] for group in groups]
    kinds = tuple(tokens.kinds[place] for place in first)
    word_of = {place: word for word, group in enumerate(groups) for place in group}
    return replace(
        tokens,
        ids=tuple(ids),
        pieces=tuple(_piece(tokens, group) for group in groups),
        surfaces=tuple(_surface(tokens, group) for group in groups),
        labels=tuple(_label(tokens, group) for group in groups),
        kinds=kinds,
        words=tuple(None if kind else word for word, kind in enumerate(kinds)),
        spans=tuple(_span(tokens, group) for group in groups) if tokens.spans else (),
        generated=None if tokens.generated is None else word_of[tokens.generated],
        related=_pairs(tokens.related, word_of),
        unrelated=_pairs(tokens.unrelated, word_of),
        segments=tuple(tokens.segments[place] for place in first) if tokens.segments else (),
        types=(),  # the model gets the tokens, not the words
    )


def _span(tokens: Tokens, group: Sequence[int]) -> tuple[int, int]:
    return tokens.spans[group[0]][0], tokens.spans[group[-1]][1]


def _surface(tokens: Tokens, group: Sequence[int]) -> str:
    # Tokens that share a character, such as the bytes of an emoji, have it each.
    if tokens.spans and len(group) > 1:
        return tokens.sentence.text[slice(*_span(tokens, group))]
    return "".join(tokens.surfaces[place] for place in group)


def _piece(tokens: Tokens, group: Sequence[int]) -> str:
    return _surface(tokens, group).strip() or "".join(tokens.pieces[place] for place in group)


def _label(tokens: Tokens, group: Sequence[int]) -> TokenLabel:
    first = tokens.labels[group[0]]
    if len(group) == 1:
        return replace(first, piece=False)
    surface = _surface(tokens, group)
    text = showable(surface.strip() or surface)
    label = TokenLabel(text or "".join(str(tokens.labels[place]) for place in group), first.space)
    unknown = [place for place in group if tokens.labels[place].unknown]
    return unknown_label(label, tokens.pieces[unknown[0]]) if unknown else label


def _pairs(
    pairs: Sequence[tuple[int, int]], word_of: Mapping[int, int]
) -> tuple[tuple[int, int], ...]:
    """The pairs of words for pairs of tokens, each once; none of a word with itself."""
    word_pairs = dict.fromkeys((word_of[query], word_of[key]) for query, key in pairs)
    return tuple(pair for pair in word_pairs if pair[0] != pair[1])
