"""Sentences as every format prints them: shaded tokens, entropy by layer, what to show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.text.types import TokenLabel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.report.model import Report, SentenceReport

TOKENS_SHOWN = 512
"""Tokens of one sentence that a page spells out."""

SENTENCES_LISTED = 300
"""Sentences without figures that a page lists."""

STRONGEST = 5
SPARK_WIDTH, SPARK_HEIGHT = 96.0, 18.0


@dataclass(frozen=True, slots=True)
class Shaded:
    """A token and how dark it is, in hundredths; `weight` is the true value."""

    label: TokenLabel
    shade: int
    weight: float


@dataclass(frozen=True, slots=True)
class Shading:
    """The first tokens of a sentence, `hidden` more, and the strongest of all."""

    tokens: tuple[Shaded, ...]
    hidden: int
    strongest: tuple[Shaded, ...]


@dataclass(frozen=True, slots=True)
class Entropy:
    """Mean entropy by layer in nats, drawn against `most`, the greatest of the report."""

    layers: tuple[float | None, ...]
    most: float

    @property
    def measured(self) -> tuple[float, ...]:
        """The layers that have a value."""
        return tuple(value for value in self.layers if value is not None and math.isfinite(value))

    @property
    def shares(self) -> tuple[int, ...]:
        """Each layer's value in percent of the greatest one."""
        return tuple(round(100 * (value or 0.0) / self.most) for value in self.layers)

    @property
    def points(self) -> str:
        """The polyline of a sparkline, `SPARK_WIDTH` by `SPARK_HEIGHT`, zero at the bottom."""
        step = (SPARK_WIDTH - 2) / max(len(self.layers) - 1, 1)
        height = SPARK_HEIGHT - 2
        return " ".join(
            f"{1 + step * place:.1f},{1 + height * (1 - value / self.most):.1f}"
            for place, value in enumerate(self.layers)
            if value is not None and math.isfinite(value)
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """One sentence that has figures or shaded tokens."""

    sentence: SentenceReport
    received: Shading
    rollout: Shading
    entropy: Entropy


@dataclass(frozen=True, slots=True)
class Sentences:
    """Those illustrated, in full; the rest, in rows; and how many rows there was no room for."""

    shown: tuple[Shown, ...]
    listed: tuple[tuple[SentenceReport, Entropy], ...]
    left_out: int


def arrange(report: Report, illustrated: frozenset[int], most: int = SENTENCES_LISTED) -> Sentences:
    """Split the sentences into those to show in full and those to list, at most `most`."""
    ids = illustrated | {view.id for view in report.illustrations}
    greatest = _greatest(report.sentences)
    rest = [sentence for sentence in report.sentences if sentence.id not in ids]
    return Sentences(
        tuple(_shown(report, one, greatest) for one in report.sentences if one.id in ids),
        tuple((one, Entropy(one.entropy_by_layer, greatest)) for one in rest[:most]),
        max(len(rest) - most, 0),
    )


def drift(report: Report) -> float | None:
    """The mean drift over the sentences that have one."""
    known = [one.drift for one in report.sentences if one.drift is not None]
    return sum(known) / len(known) if known else None


def shade(weight: float, scale: str) -> int:
    """How dark a weight is drawn, in hundredths: as in figures, its square root or itself."""
    bounded = min(max(weight if math.isfinite(weight) else 0.0, 0.0), 1.0)
    return round(100 * (bounded if scale == "linear" else math.sqrt(bounded)))


def _shown(report: Report, sentence: SentenceReport, greatest: float) -> Shown:
    labels = _labels(report, sentence)
    return Shown(
        sentence,
        _shading(labels, sentence.received, report.options.scale),
        _shading(labels, sentence.rollout, report.options.scale),
        Entropy(sentence.entropy_by_layer, greatest),
    )


def _labels(report: Report, sentence: SentenceReport) -> tuple[TokenLabel, ...]:
    """The labels that its figures have, or plain ones where it has none."""
    for view in report.illustrations:
        if view.id == sentence.id and len(view.labels) == len(sentence.tokens):
            return view.labels
    pairs = zip(sentence.tokens, sentence.special, strict=True)
    return tuple(TokenLabel(text, special=special) for text, special in pairs)


def _shading(labels: Sequence[TokenLabel], weights: Sequence[float], scale: str) -> Shading:
    every = [
        Shaded(label, shade(weight, scale), weight)
        for label, weight in zip(labels, weights, strict=False)
    ]
    strongest = sorted(every, key=lambda one: -one.weight)[:STRONGEST]
    return Shading(tuple(every[:TOKENS_SHOWN]), max(len(every) - TOKENS_SHOWN, 0), tuple(strongest))


def _greatest(sentences: Sequence[SentenceReport]) -> float:
    values = [value for one in sentences for value in one.entropy_by_layer if value is not None]
    return max((value for value in values if math.isfinite(value)), default=0.0) or 1.0
