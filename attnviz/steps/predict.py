"""Predicting: what the model says of the sentences that are drawn, beside what its heads do."""

from __future__ import annotations

from attnviz.findings.predictions import prediction
from attnviz.models.predict import Predictor
from attnviz.report.predictions import Prediction
from attnviz.steps.measure import Measurer
from attnviz.survey.shards import Shard
from attnviz.text.right_labels import RightLabels


def predicted(
    measurer: Measurer, shard: Shard, labels: RightLabels | None = None
) -> dict[int, Prediction]:
    """What the model says of each sentence of a shard, by the sentence's number.

    Empty where the model has no task; without a sentence of which it says nothing.
    """
    if measurer.loaded.task is None:
        return {}
    predictor = Predictor(measurer.loaded, measurer.settings.kernel)
    said: dict[int, Prediction] = {}
    for place, tokens in enumerate(shard.tokens):
        outcome = predictor(tokens)
        if outcome is not None:
            if shard.wording is not None:
                outcome = outcome.in_words(shard.wording.sentences[place].groups)
            number = tokens.sentence.id
            said[number] = prediction(outcome, labels.by_sentence.get(number) if labels else None)
    return said
