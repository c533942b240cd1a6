"""Sentence by sentence: tokens shaded by what they receive, entropy by layer, pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.report.images import by_sentence
from attnviz.report.numbers import count, counted, number
from attnviz.report.sections import prediction, words
from attnviz.report.sections.prediction import Prediction
from attnviz.report.sections.shading import LONG, Shading, Token, shading, tokens
from attnviz.text.types import TokenLabel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.figures.picture import Picture
    from attnviz.report.model import Report, SentenceReport

TITLE = "Sentence by sentence"
LISTED = 300
"""Sentences without figures that get a row."""

SPARK_WIDTH, SPARK_HEIGHT = 96.0, 18.0
ALIKE = 0.1
"""Rollouts that differ by less say nothing of single tokens."""

NO_ROLLOUT = "No rollout: there was not enough memory for it."
FLAT = (
    "No rollout is shown: after all layers it is nearly the same for every token (two of them "
    "differ by {drift} on average, where 1 is nothing in common), so it says nothing about single "
    "words."
)
_GENERATED = "Tokens after the mark “generated”, or with it in a table, were written by the model."
_PAIRS = "The mark “‖” stands between the two texts of a pair."


@dataclass(frozen=True, slots=True)
class LayerEntropy:
    """The mean entropy in one layer; `share` in percent of the greatest of the report."""

    layer: int
    nats: str
    share: int


@dataclass(frozen=True, slots=True)
class Spark:
    """Entropy by layer as the points of a line, from `least` to `greatest`; or "" where unknown."""

    points: str
    least: str
    greatest: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence in full.

    `text` is cut short, and so are the two of a `pair`. `queries` are the tokens of the target and
    `more` counts those without room, where others than they receive attention. `on_words` are the
    tokens by what they receive without special tokens, `table` is what each word looks at; both are
    about the heads that don't rest here, and None where `no_words` says why. `no_rollout` says why
    there is none.
    """

    id: int
    about: str
    text: str
    pair: tuple[str, ...]
    tokens: str
    generated: str
    queries: tuple[Token, ...]
    more: str
    received: Shading
    on_words: Shading | None
    on_words_says: str
    table: words.Words | None
    no_words: str
    particular: tuple[words.HeadSays, ...]
    rollout: Shading | None
    no_rollout: str
    drift: str
    entropy: tuple[LayerEntropy, ...]
    pictures: tuple[Picture, ...]
    prediction: Prediction | None


@dataclass(frozen=True, slots=True)
class Row:
    """A sentence in short."""

    id: int
    text: str
    tokens: str
    generated: str
    truncated: str
    entropy: Spark


@dataclass(frozen=True, slots=True)
class Step:
    """A weight of the scale of shades."""

    weight: str
    shade: float


@dataclass(frozen=True, slots=True)
class Sentences:
    """Those illustrated, in full, and the others in rows, as far as there is room.

    `says` and `reading` are about the first, `rows_say` is about the rows.
    """

    title: str
    says: str
    reading: str
    scale: tuple[Step, ...]
    generated: str
    sentences: tuple[Sentence, ...]
    rows_title: str
    rows_say: str
    rows: tuple[Row, ...]
    predicted: str

    @property
    def any(self) -> bool:
        """Whether there are any: a report from a measurement has none."""
        return bool(self.sentences or self.rows)


def of(report: Report, pictures: Sequence[Picture]) -> Sentences:
    """The sentences of one stream."""
    placed = by_sentence(pictures, report.attention)
    ids = {*placed, *(view.id for view in report.illustrations)}
    greatest = _greatest(report.sentences)
    shown = [each for each in report.sentences if each.id in ids]
    rest = [each for each in report.sentences if each.id not in ids]
    root = report.options.scale == "sqrt"
    return Sentences(
        TITLE,
        f"{_how_many(report, len(shown))} {_shading_says(report, shown)}".lstrip(),
        "A dot before a token is a space. The stronger a shade, the more"
        f"{'; it goes with the square root' if root else ''}:",
        scale_steps(report),
        _GENERATED if any(each.generated is not None for each in shown) else "",
        tuple(_sentence(report, each, greatest, placed.get(each.id, ())) for each in shown),
        "The other sentences" if shown else "All sentences",
        _rows_say(report, greatest, len(rest) - LISTED),
        tuple(_row(each, greatest) for each in rest[:LISTED]),
        prediction.tally(report),
    )


def _how_many(report: Report, shown: int) -> str:
    """How many sentences are shown; "" where it is all of them."""
    if shown == len(report.sentences):
        return ""
    are = "is" if shown == 1 else "are"
    return f"{counted(shown, 'sentence')} of {count(len(report.sentences))} {are} shown in full."


def scale_steps(report: Report) -> tuple[Step, ...]:
    """What shades stand for."""
    root = report.options.scale == "sqrt"
    return tuple(
        Step(str(weight), weight**0.5 if root else weight) for weight in (0.01, 0.05, 0.2, 0.5)
    )


def rollout(report: Report) -> str:
    """How the layers were joined."""
    if report.attention == "cross":
        return "Rollout joins the layers of one stack; across two there is none."
    if not _has_rollout(report):
        return NO_ROLLOUT
    if report.options.rollout_residual:
        return (
            "Rollout multiplies the layers: A_l = ½ mean over heads + ½ I, for the residual "
            "stream (Abnar & Zuidema 2020)."
        )
    return (
        "Rollout multiplies the layers' mean attention, without the residual stream "
        "(Abnar & Zuidema 2020, first variant)."
    )


def drift_says(value: float | None) -> str:
    """What a drift means for the rollout beside it."""
    if value is None:
        return ""
    says = f"The rollouts of two content tokens differ by {number(value)} on average"
    scale = "(0: all alike, 1: nothing in common)"
    close = ": they are nearly alike, so read nothing about single words into them"
    return f"{says} {scale}{close if value < ALIKE else ''}."


def _has_rollout(report: Report) -> bool:
    return any(sentence.rollout for part in report.every_part for sentence in part.sentences)


def _shading_says(report: Report, shown: Sequence[SentenceReport]) -> str:
    """What the shades of tokens stand for."""
    mean = "mean over all layers, heads and content tokens"
    if report.attention == "cross":
        says = f"Source tokens are shaded by the attention that they receive, {mean} of the target."
        says += f" {rollout(report)}"
    else:
        says = f"Tokens are shaded by the attention that they receive, {mean}."
        if any(each.rollout and not _flat(each) for each in shown):
            says += (
                " Rollout follows attention through all layers: what flows from each token to the "
                "content tokens of the last one."
            )
    if any(len(each.keys or each.tokens) > LONG for each in report.sentences):
        says += f" Texts of more than {LONG} tokens show only their strongest tokens."
    return says


def _flat(sentence: SentenceReport) -> bool:
    """Whether rollout says nothing of single tokens, for its rows are nearly alike."""
    return sentence.drift is not None and sentence.drift < ALIKE


def _rows_say(report: Report, greatest: float, left_out: int) -> str:
    says = (
        "Entropy is the mean over heads and content tokens, layer by layer from left to right, "
        f"from 0 to {number(greatest)} nats; beside it the least and the greatest."
    )
    if left_out > 0:
        are = "is" if left_out == 1 else "are"
        says += f" {counted(left_out, 'more sentence')} {are} left out here; report.json has all."
    return f"{says} {_PAIRS}" if any(each.pair for each in report.sentences) else says


def _sentence(
    report: Report, sentence: SentenceReport, greatest: float, pictures: Sequence[Picture]
) -> Sentence:
    """A sentence with its tokens shaded; `greatest` is the top of its bars of entropy, nats."""
    scale, start = report.options.scale, sentence.generated
    labels, key_labels = _labels(report, sentence)
    what = "Source: attention received" if sentence.keys else "Attention received"
    keys, first = (key_labels, None) if sentence.keys else (labels, start)
    received = shading(what, keys, sentence.received, scale, first)
    long = bool(received.rest)
    flat = _flat(sentence)
    flows = bool(sentence.rollout) and not sentence.keys and not flat
    looks = sentence.looks
    on_words = looks is not None and bool(looks.words) and not long
    return Sentence(
        sentence.id,
        _about(sentence),
        _short(sentence.text, 600 if long else 1200),
        tuple(_short(text, 300 if long else 600) for text in sentence.pair or ()),
        counted(len(sentence.tokens), "token"),
        _generated(sentence),
        tuple(tokens(labels[:LONG], (), scale, start)) if sentence.keys else (),
        count(len(labels) - LONG) if sentence.keys and len(labels) > LONG else "",
        received,
        shading("On words alone", keys, [share or 0.0 for share in looks.received], scale, first)
        if looks is not None and on_words
        else None,
        words.on_words(report, sentence, looks) if looks is not None and on_words else "",
        words.of(report, sentence),
        words.reason(sentence),
        words.particular(report, sentence),
        shading("Rollout", labels, sentence.rollout, scale, start) if flows else None,
        _no_rollout(sentence, flat=flat),
        drift_says(sentence.drift) if flows else "",
        tuple(_entropy(sentence, greatest)),
        # Where rollout says nothing, neither does its picture.
        tuple(each for each in pictures if not (flat and each.path.endswith("/rollout"))),
        prediction.of(sentence, labels, scale),
    )


def _no_rollout(sentence: SentenceReport, *, flat: bool) -> str:
    """Why there is none; "" where there is, and in cross-attention, which has none."""
    if sentence.keys:
        return ""
    if not sentence.rollout:
        return NO_ROLLOUT
    return FLAT.format(drift=number(sentence.drift)) if flat else ""


def _about(sentence: SentenceReport) -> str:
    """Where it stands, and how long it is."""
    line = f", line {sentence.line}" if sentence.line else ""
    says = f"{sentence.source}{line}; {counted(len(sentence.tokens), 'token')}"
    if sentence.keys:
        says += " of the target"
    if generated := _generated(sentence):
        says += f", {generated}"
    if sentence.keys:
        says += f"; {count(len(sentence.keys))} of the source"
    if sentence.truncated:
        says += f", {counted(sentence.truncated, 'token')} cut"
    return says


def _generated(sentence: SentenceReport) -> str:
    """How many of a sentence's tokens the model wrote; "" where it wrote none."""
    if sentence.generated is None:
        return ""
    if sentence.generated == 0:
        return "all generated by the model"
    return f"{count(len(sentence.tokens) - sentence.generated)} of them generated by the model"


def _short(text: str, most: int) -> str:
    """The text, cut short at a space where it is longer by more than a few characters."""
    return text if len(text) <= most + 5 else f"{text[: most - 2].rsplit(' ', 1)[0]} …"


def _labels(
    report: Report, sentence: SentenceReport
) -> tuple[Sequence[TokenLabel], Sequence[TokenLabel]]:
    """The labels of queries and keys that its figures have, or plain ones where it has none."""
    labels = _plain(sentence.tokens, sentence.special)
    keys = _plain(sentence.keys, sentence.special_keys)
    for view in report.illustrations:
        if view.id == sentence.id:
            labels = view.labels if len(view.labels) == len(labels) else labels
            keys = view.key_labels if len(view.key_labels) == len(keys) else keys
    return labels, keys


def _plain(texts: Sequence[str], special: Sequence[bool]) -> Sequence[TokenLabel]:
    pairs = zip(texts, special, strict=True)
    return [TokenLabel(text, special=is_special) for text, is_special in pairs]


def _entropy(sentence: SentenceReport, greatest: float) -> list[LayerEntropy]:
    return [
        LayerEntropy(layer, number(value), round(100 * _known(value) / greatest))
        for layer, value in enumerate(sentence.entropy_by_layer)
    ]


def _known(value: float | None) -> float:
    return 0.0 if value is None or math.isnan(value) else value


def _row(sentence: SentenceReport, greatest: float) -> Row:
    start = sentence.generated
    return Row(
        sentence.id,
        _short(sentence.text, 240),
        count(len(sentence.tokens)),
        "" if start is None else f"{count(len(sentence.tokens) - start)} generated",
        f"+{count(sentence.truncated)} cut" if sentence.truncated else "",
        _spark(sentence.entropy_by_layer, greatest),
    )


def _spark(layers: Sequence[float | None], greatest: float) -> Spark:
    """A line, `SPARK_WIDTH` by `SPARK_HEIGHT`, with zero at the bottom."""
    known = [(at, value) for at, value in enumerate(layers) if value is not None]
    measured = [(at, value) for at, value in known if math.isfinite(value)]
    if not measured:
        return Spark("", "", "")
    step = (SPARK_WIDTH - 2) / max(len(layers) - 1, 1)
    height = SPARK_HEIGHT - 2
    points = (
        f"{1 + step * at:.1f},{1 + height * (1 - value / greatest):.1f}" for at, value in measured
    )
    values = [value for _, value in measured]
    return Spark(" ".join(points), number(min(values)), number(max(values)))


def _greatest(sentences: Sequence[SentenceReport]) -> float:
    values = [value for each in sentences for value in each.entropy_by_layer if value is not None]
    return max((value for value in values if math.isfinite(value)), default=0.0) or 1.0
