"""Tokens shaded by their weights, as sentences show them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.report.cells import Number, column
from attnviz.report.numbers import count, counted, number, percent
from attnviz.text.types import TokenLabel

if TYPE_CHECKING:
    from collections.abc import Sequence

LONG = 150
"""Texts of more tokens than this are not spelled out: their strongest tokens are shown."""

STRONGEST, STRONGEST_OF_LONG = 5, 10
AROUND = 3
"""Tokens on both sides of a strong one that are shown with it in long texts."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token and how dark it is, in hundredths; `weight` is the true value.

    `generated`: the first token that the model wrote, of tokens in a row; of others, each.
    """

    label: TokenLabel
    shade: int
    weight: str
    generated: bool


@dataclass(frozen=True, slots=True)
class Strong:
    """One of the strongest tokens, at its place in the text."""

    place: str
    token: Token
    weight: Number
    before: tuple[TokenLabel, ...]
    after: tuple[TokenLabel, ...]


@dataclass(frozen=True, slots=True)
class Shading:
    """The tokens of a sentence and the strongest of them; of a long one only the strongest.

    Then `rest` counts the others, which have the share `outside` of the whole weight.
    """

    title: str
    tokens: tuple[Token, ...]
    strongest: tuple[Strong, ...]
    rest: str
    rest_has: str
    outside: str


def shade(weight: float, scale: str) -> int:
    """How dark a weight is drawn, in hundredths: as in figures, its square root or itself."""
    bounded = min(max(weight if math.isfinite(weight) else 0.0, 0.0), 1.0)
    return round(100 * (bounded if scale == "linear" else math.sqrt(bounded)))


def tokens(
    labels: Sequence[TokenLabel], weights: Sequence[float], scale: str, start: int | None
) -> list[Token]:
    """Tokens in a row; the mark stands before the first that the model wrote."""
    known = [*weights, *[0.0] * (len(labels) - len(weights))]
    return [
        Token(label, shade(weight, scale), number(weight), at == start)
        for at, (label, weight) in enumerate(zip(labels, known, strict=True))
    ]


def shading(
    title: str,
    labels: Sequence[TokenLabel],
    values: Sequence[float | None],
    scale: str,
    start: int | None,
) -> Shading:
    """The tokens with their weights; the model wrote those from place `start` on."""
    weights = [math.nan if value is None else value for value in values]
    ranked = sorted(range(len(weights)), key=lambda at: -weights[at])
    long = len(weights) > LONG
    best = ranked[: STRONGEST_OF_LONG if long else STRONGEST]
    numbers = column(weights[at] for at in best)

    def strong(at: int, weight: Number) -> Strong:
        written = long and start is not None and at >= start
        return Strong(
            count(at),
            Token(labels[at], shade(weights[at], scale), weight.text, written),
            weight,
            tuple(labels[max(at - AROUND, 0) : at]),
            tuple(labels[at + 1 : at + 1 + AROUND]),
        )

    rest = ranked[len(best) :] if long else []
    whole = sum(weights)
    outside = sum(weights[at] for at in rest) / whole if whole else None
    return Shading(
        title,
        () if long else tuple(tokens(labels, weights, scale, start)),
        tuple(map(strong, best, numbers)),
        counted(len(rest), "token") if rest else "",
        "has" if len(rest) == 1 else "have",
        percent(outside),
    )
