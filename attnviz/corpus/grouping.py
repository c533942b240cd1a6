"""Which group each sentence of a corpus is of: by a field of its record, or by a prediction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attnviz.errors import InputError, UsageError
from attnviz.models.labelling import labelled
from attnviz.models.load import LoadedModel
from attnviz.settings import Settings
from attnviz.survey.shards import Shard
from attnviz.text.showable import in_short

MOST = 20
"""Groups that a corpus may have."""

RIGHT, WRONG = "right", "wrong"

_NAMED = 5

Grouping = Callable[[Shard], Mapping[str, Sequence[int]]]
"""The places of a shard's sentences by group, the groups in the order of their names."""


def grouping(
    loaded: LoadedModel, settings: Settings, group: str, label: str, most_tokens: int
) -> Grouping | None:
    """How sentences are grouped, where a field is named of which they are.

    By `group` each is of the group that it brings, by `label` of those that the model labels right
    or wrong; batches then have so many tokens at most.
    """
    if group:
        return lambda shard: _sorted([tokens.sentence.group for tokens in shard.tokens])
    if not label:
        return None

    def by_prediction(shard: Shard) -> Mapping[str, Sequence[int]]:
        said = labelled(loaded, shard.tokens, settings.kernel, most_tokens)
        right = [tokens.sentence.group for tokens in shard.tokens]
        return _sorted(
            [RIGHT if one == other else WRONG for one, other in zip(said, right, strict=True)]
        )

    return by_prediction


def _sorted(values: Sequence[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {value: [] for value in sorted(set(values))}
    for place, value in enumerate(values):
        places[value].append(place)
    return places


def labels_of(loaded: LoadedModel) -> tuple[str, ...]:
    """The labels that a model gives texts. Raises InputError where it gives none."""
    labels = loaded.task.text_labels if loaded.task else ()
    if not labels:
        raise InputError(
            f"{loaded.name} gives a text no label, so that none can be right.",
            "Leave out --label, or use a model for sequence classification whose head was trained.",
        )
    return labels


class GroupCounts:
    """Counts the sentences of each value of `field`."""

    def __init__(self, field: str) -> None:
        self._field = field
        self.sentences = Counter[str]()

    def add(self, value: str) -> None:
        """Counts a sentence. Raises UsageError where there are too many values."""
        self.sentences[value] += 1
        check_many(self._field, self.sentences)


def check_many(field: str, values: Mapping[str, Any]) -> None:
    """Raises UsageError for more values of a field than there may be groups."""
    if len(values) > MOST:
        named = ", ".join(in_short(value) for value in list(values)[:_NAMED])
        raise UsageError(
            f"--group {in_short(field)} has more than {MOST} values: {named}, …",
            f"Name a field with at most {MOST} values, a label or a source say, or leave it out.",
        )
