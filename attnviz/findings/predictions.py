"""From what a model said of a sentence to what the report tells of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attnviz.report.predictions import Answer, Choice, LayerLooks, Prediction

if TYPE_CHECKING:
    from attnviz.attention.targets import Floats
    from attnviz.models import outcome

LOOKED_AT = 5
"""Keys that are told of a layer."""


def prediction(said: outcome.Outcome, label: str | None) -> Prediction:
    """What is told of an outcome; `label` is the right one, None where it isn't known."""
    answers = tuple(map(_answer, said.answers))
    right = None if label is None else answers[0].choices[0].text == label
    return Prediction(said.kind, answers, label, right)


def _answer(answer: outcome.Answer) -> Answer:
    return Answer(
        tuple(Choice(text, min(share, 1.0)) for text, share in answer.choices),
        answer.place,
        answer.read,
        tuple(_looks(layer, weights) for layer, weights in sorted(answer.looks.items())),
    )


def _looks(layer: int, weights: Floats) -> LayerLooks:
    """The keys with the most weight, of equals the first; none that has no weight."""
    best = np.argsort(-weights, kind="stable")[:LOOKED_AT]
    keys = [int(key) for key in best if weights[key] > 0]
    return LayerLooks(layer, tuple(keys), tuple(float(weights[key]) for key in keys))
