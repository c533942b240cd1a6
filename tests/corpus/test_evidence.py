"""What is said of a corpus whose sentences are few, or the same again."""

from __future__ import annotations

from typing import Any

import numpy as np

from attnviz.corpus.groups import _few
from attnviz.corpus.notes import evidence_warnings
from attnviz.measurement.measurement import Measurement
from attnviz.measurement.source import InputInfo
from attnviz.measurement.units import Units


class _Sums:
    """The sums of a stream, of which only the units count."""

    def __init__(self, units: int) -> None:
        ids = np.arange(units, dtype=np.uint64)
        self.units = Units(ids, np.ones(units, np.int64), ids)


def measured(units: int, sentences: int) -> Measurement:
    streams: Any = {"": _Sums(units)}
    return Measurement(input=InputInfo(sentences=sentences), streams=streams)


def test_sentences_that_come_again_are_no_further_evidence() -> None:
    assert evidence_warnings(measured(300, 300)) == []
    (told,) = evidence_warnings(measured(238, 300))
    assert told.startswith("Of 300 sentences 238 are different")


def test_groups_of_few_different_sentences_are_why_nothing_is_certain() -> None:
    groups = {"a": measured(5, 40), "b": measured(80, 80)}
    assert _few(groups, 200) == (
        "None of 200 differences is certain: a has 5 different sentences, and so few make hardly "
        "any difference certain."
    )
    assert _few({"a": measured(60, 60), "b": measured(80, 80)}, 200) == ""
    assert "too few sentences" in _few(groups, 0)
