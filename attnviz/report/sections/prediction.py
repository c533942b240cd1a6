"""What the model says of a sentence, and what its head reads that off, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.report.numbers import count, counted, number
from attnviz.report.sections.shading import shade
from attnviz.text.showable import showable
from attnviz.text.types import TokenLabel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from attnviz.report import predictions
    from attnviz.report.model import Report, SentenceReport

TITLE = "What the model says"
KEYS = 4
"""Keys that are shown of each layer."""

LOOKS_SHOWN = 3
"""Answers of a sentence for which it is shown what they are read off; report.json has all."""

OUTSIDE = "O"
"""The label of words that are none of what a model for tokens looks for."""

_SURE = 0.995
_LISTED = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """A label or a token with its probability."""

    label: TokenLabel
    probability: str
    text: str


@dataclass(frozen=True, slots=True)
class Key:
    """A token that is looked at, and how dark it is, in hundredths."""

    label: TokenLabel
    weight: str
    shade: int


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer, and what is looked at in it."""

    layer: str
    keys: tuple[Key, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: what it is about, its choices, and what it is read off, "" where unknown.

    `about` is None for the sentence, else the mask or the first token of the word.
    """

    about: TokenLabel | None
    place: str
    first: Choice
    others: tuple[Choice, ...]
    reads: str
    layers: tuple[LayerRow, ...]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of one sentence.

    `what` names the answers; `verdict` is "right", "wrong" or "", and `verdict_says` puts it in
    words; `text` is all choices in a line or two.
    """

    title: str
    what: str
    answers: tuple[Answer, ...]
    verdict: str
    verdict_says: str
    text: str


_WHAT = {
    "label": "The label of the sentence",
    "labels": "Labels of the sentence, each with a probability of its own",
    "next-token": "What comes next",
    "masked-words": "What stands behind the mask",
    "token-labels": "A label for each word",
}


def of(sentence: SentenceReport, labels: Sequence[TokenLabel], scale: str) -> Prediction | None:
    """What is told of a sentence whose tokens have these labels; None where nothing is said.

    `scale` is that of the shades.
    """
    said = sentence.prediction
    if said is None:
        return None
    shown = _with_looks(said)
    answers = tuple(
        _answer(answer, said.kind, labels, scale, looks=at in shown)
        for at, answer in enumerate(said.answers)
    )
    verdict, verdict_says = _verdict(said)
    return Prediction(
        TITLE, _WHAT[said.kind], answers, verdict, verdict_says, "; ".join(map(_told, answers))
    )


def tally(report: Report) -> str:
    """How many labels are right, of the sentences that are shown; "" where none was given."""
    known = [right for each in report.sentences if (right := _right(each)) is not None]
    if not known:
        return ""
    of_all = f"{count(sum(known))} of {counted(len(known), 'sentence')}"
    return f"The model's label is right for {of_all} shown here with a right label (--labels)."


def lines(report: Report) -> Iterable[str]:
    """A few lines for a terminal: how many are right, and what is said where that is short."""
    told = [each for each in report.sentences if each.prediction is not None]
    if says := tally(report):
        yield says
    wrong = [each for each in told if _right(each) is False]
    for each in wrong[:_LISTED] if says else told if len(told) <= _LISTED else ():
        plain = [TokenLabel(showable(token)) for token in each.tokens]
        if section := of(each, plain, report.options.scale):
            verdict = f" {section.verdict_says}" if section.verdict_says else ""
            yield f"Sentence {each.id}: the model says {section.text}.{verdict}"


def _right(sentence: SentenceReport) -> bool | None:
    return None if sentence.prediction is None else sentence.prediction.right


def _with_looks(said: predictions.Prediction) -> set[int]:
    """The answers for which there is room to show what they are read off."""
    told = [
        at
        for at, answer in enumerate(said.answers)
        if said.kind != "token-labels" or answer.choices[0].text != OUTSIDE
    ]
    return set(told[:LOOKS_SHOWN])


def _verdict(said: predictions.Prediction) -> tuple[str, str]:
    if said.right is None:
        return "", ""
    if said.right:
        return "right", "Right."
    return "wrong", f"Wrong: the right label is {showable(said.label or '')}."


def _answer(
    answer: predictions.Answer,
    kind: str,
    labels: Sequence[TokenLabel],
    scale: str,
    *,
    looks: bool,
) -> Answer:
    tokens = kind in ("next-token", "masked-words")
    choices = [_choice(each, tokens=tokens) for each in answer.choices]
    few = choices[:1] if kind == "token-labels" else choices
    about = None if answer.place is None else labels[answer.place]
    return Answer(
        about,
        "" if answer.place is None else count(answer.place),
        choices[0],
        tuple(few[1:]),
        _reads(answer, labels) if looks else "",
        tuple(_layer(each, labels, scale) for each in answer.looks) if looks else (),
    )


def _choice(choice: predictions.Choice, *, tokens: bool) -> Choice:
    spaced = tokens and choice.text.startswith(" ") and not choice.text.isspace()
    text = showable(choice.text[1:] if spaced else choice.text)
    likely = f">{number(0.99)}" if choice.probability > _SURE else number(choice.probability)
    return Choice(
        TokenLabel(text, space=spaced), likely, f"{f'“{text}”' if tokens else text} {likely}"
    )


def _told(answer: Answer) -> str:
    """The choices of an answer in words."""
    choices = ", ".join(choice.text for choice in (answer.first, *answer.others))
    return choices if answer.about is None else f"{answer.about} at {answer.place}: {choices}"


def _reads(answer: predictions.Answer, labels: Sequence[TokenLabel]) -> str:
    """What the head reads, and what the table below shows of it."""
    if not answer.looks:
        return "It could not be told which tokens the head reads this off."
    if len(answer.read) > 1:
        what = "the mean over all tokens"
    else:
        place = answer.read[0]
        what = f"“{labels[place]}” (token {count(place)})"
    they = "they look" if len(answer.read) > 1 else "it looks"
    return f"Read off {what}. What {they} at most in each layer, mean over its heads:"


def _layer(looks: predictions.LayerLooks, labels: Sequence[TokenLabel], scale: str) -> LayerRow:
    keys = tuple(
        Key(labels[key], number(weight), shade(weight, scale))
        for key, weight in zip(looks.keys[:KEYS], looks.weights[:KEYS], strict=True)
    )
    return LayerRow(
        count(looks.layer), keys, ", ".join(f"“{key.label}” {key.weight}" for key in keys)
    )
