"""Sentences as every format prints them: shaded tokens, entropy by layer, what to show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.text.types import TokenLabel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.report.model import Report, SentenceReport

LONG = 150
"""Texts of more tokens than this are not spelled out: their strongest tokens are shown."""

SENTENCES_LISTED = 300
"""Sentences without figures that a page lists."""

STRONGEST, STRONGEST_OF_LONG = 5, 10
AROUND = 3
"""Tokens on both sides of a strong one that are shown with it in long texts."""

SPARK_WIDTH, SPARK_HEIGHT = 96.0, 18.0


@dataclass(frozen=True, slots=True)
class Shaded:
    """A token and how dark it is, in hundredths; `weight` is the true value."""

    label: TokenLabel
    shade: int
    weight: float


@dataclass(frozen=True, slots=True)
class Strong:
    """One of the strongest tokens, at its place in the text."""

    position: int
    token: Shaded
    before: tuple[TokenLabel, ...]
    after: tuple[TokenLabel, ...]


@dataclass(frozen=True, slots=True)
class Shading:
    """The tokens of a sentence and the strongest of them; of a long one only the strongest.

    `hidden` tokens are not shown, and they have the share `outside` of the whole weight.
    """

    tokens: tuple[Shaded, ...]
    strongest: tuple[Strong, ...]
    hidden: int = 0
    outside: float | None = None


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
        known = (0.0 if value is None or math.isnan(value) else value for value in self.layers)
        return tuple(round(100 * value / self.most) for value in known)

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
    """One sentence that has figures or shaded tokens.

    `queries`: the tokens of the target, as far as there is room, where others than they receive
    attention.
    """

    sentence: SentenceReport
    received: Shading
    rollout: Shading
    entropy: Entropy
    queries: tuple[TokenLabel, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentences:
    """Those illustrated, in full; the rest, in rows; and how many rows there was no room for."""

    shown: tuple[Shown, ...]
    listed: tuple[tuple[SentenceReport, Entropy], ...]
    left_out: int

    @property
    def pairs(self) -> bool:
        """Whether any is a pair of texts."""
        every = (*(one.sentence for one in self.shown), *(one for one, _ in self.listed))
        return any(sentence.pair for sentence in every)

    @property
    def generated(self) -> bool:
        """Whether the model wrote any of the tokens shown in full."""
        return any(one.sentence.generated is not None for one in self.shown)


def arrange(report: Report, illustrated: frozenset[int], most: int = SENTENCES_LISTED) -> Sentences:
    """Split the sentences into those to show in full and those to list, at most `most`."""
    ids = illustrated | {view.id for view in report.illustrations}
    greatest = _greatest(report.sentences)
    rest = [sentence for sentence in report.sentences if sentence.id not in ids]
    return Sentences(
        tuple(show(report, one, greatest) for one in report.sentences if one.id in ids),
        tuple((one, Entropy(one.entropy_by_layer, greatest)) for one in rest[:most]),
        max(len(rest) - most, 0),
    )


def drift(report: Report) -> float | None:
    """The mean drift over the sentences of all parts that have one."""
    every = (one.drift for part in report.every_part for one in part.sentences)
    known = [value for value in every if value is not None]
    return sum(known) / len(known) if known else None


def shade(weight: float, scale: str) -> int:
    """How dark a weight is drawn, in hundredths: as in figures, its square root or itself."""
    bounded = min(max(weight if math.isfinite(weight) else 0.0, 0.0), 1.0)
    return round(100 * (bounded if scale == "linear" else math.sqrt(bounded)))


def show(report: Report, sentence: SentenceReport, greatest: float = 1.0) -> Shown:
    """A sentence with its tokens shaded; `greatest` is the top of its bars of entropy, nats."""
    labels = _labels(report, sentence)
    keys = _key_labels(report, sentence) if sentence.keys else labels
    return Shown(
        sentence,
        _shading(keys, sentence.received, report.options.scale),
        _shading(labels, sentence.rollout, report.options.scale),
        Entropy(sentence.entropy_by_layer, greatest),
        labels[:LONG] if sentence.keys else (),
    )


def _labels(report: Report, sentence: SentenceReport) -> tuple[TokenLabel, ...]:
    """The labels that its figures have, or plain ones where it has none."""
    for view in report.illustrations:
        if view.id == sentence.id and len(view.labels) == len(sentence.tokens):
            return view.labels
    return _plain(sentence.tokens, sentence.special)


def _key_labels(report: Report, sentence: SentenceReport) -> tuple[TokenLabel, ...]:
    """The same for the tokens of the source."""
    for view in report.illustrations:
        if view.id == sentence.id and len(view.key_labels) == len(sentence.keys):
            return view.key_labels
    return _plain(sentence.keys, sentence.special_keys)


def _plain(texts: Sequence[str], special: Sequence[bool]) -> tuple[TokenLabel, ...]:
    pairs = zip(texts, special, strict=True)
    return tuple(TokenLabel(text, special=is_special) for text, is_special in pairs)


def _shading(labels: Sequence[TokenLabel], weights: Sequence[float | None], scale: str) -> Shading:
    known = [math.nan if weight is None else weight for weight in weights]
    every = [
        Shaded(label, shade(weight, scale), weight)
        for label, weight in zip(labels, known, strict=False)
    ]
    ranked = sorted(range(len(every)), key=lambda at: -every[at].weight)
    if len(every) <= LONG:
        return Shading(tuple(every), tuple(_strong(every, at) for at in ranked[:STRONGEST]))
    best, rest = ranked[:STRONGEST_OF_LONG], ranked[STRONGEST_OF_LONG:]
    whole = sum(one.weight for one in every)
    outside = sum(every[at].weight for at in rest) / whole if whole else None
    return Shading((), tuple(_strong(every, at) for at in best), len(rest), outside)


def _strong(every: Sequence[Shaded], at: int) -> Strong:
    before, after = every[max(at - AROUND, 0) : at], every[at + 1 : at + 1 + AROUND]
    return Strong(
        at,
        every[at],
        tuple(one.label for one in before),
        tuple(one.label for one in after),
    )


def _greatest(sentences: Sequence[SentenceReport]) -> float:
    values = [value for one in sentences for value in one.entropy_by_layer if value is not None]
    return max((value for value in values if math.isfinite(value)), default=0.0) or 1.0
