"""The units of two measurements, and which of them both have."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from attnviz.comparison.measures import SharedUnits, moved, told_once
from attnviz.evidence.gather import Sums
from attnviz.measurement.units import Units
from tests.helpers.compared import measure


def units(*sentences: int, document: int | None = None) -> Units:
    """Sentences by their digests, each a unit of its own, or all of a document."""
    of = sentences if document is None else [document] * len(sentences)
    return Units.of(of, sentences)[0]


def test_units_of_both_stand_side_by_side() -> None:
    shared = SharedUnits.of(units(1, 2, 3), units(2, 3, 5, 7))
    assert shared.ids.tolist() == [1, 2, 3, 5, 7]
    assert (shared.paired, shared.shared, shared.grouped) == (False, 2, False)
    sums = Sums(np.array([[20.0], [30.0], [50.0], [70.0]]), np.ones((4, 1)))
    assert moved(sums, shared.after).mass[:, 0].tolist() == [0, 20, 30, 50, 70]
    assert moved(sums, shared.after).events[:, 0].tolist() == [0, 1, 1, 1, 1]


def test_the_same_sentences_are_paired() -> None:
    assert SharedUnits.of(units(1, 2, 3), units(3, 2, 1)).paired
    assert not SharedUnits.of(units(1, 2, 3), units(1, 2)).paired


def test_a_document_is_what_it_holds_whatever_its_name() -> None:
    named, renamed = units(1, 2, document=10), units(1, 2, document=11)
    shared = SharedUnits.of(named, renamed)
    assert (shared.paired, shared.ids.tolist()) == (True, [10])
    # One that has another sentence is another document.
    assert SharedUnits.of(named, units(1, 3, document=11)).shared == 0


def test_more_than_a_thousand_are_compared_in_groups() -> None:
    many, less = units(*range(5000)), units(*range(100))
    whole = SharedUnits.of(many, units(*range(5000)))
    assert (whole.paired, whole.grouped, whole.shared) == (True, True, 1024)
    other = SharedUnits.of(many, units(*range(1, 5001)))
    assert not other.paired
    some = SharedUnits.of(less, many)
    assert (some.grouped, some.paired, len(some.ids)) == (True, False, 1024)
    sums = Sums(np.ones((100, 2)), np.ones((100, 2)))
    assert moved(sums, some.before).mass.sum() == 200


def test_measures_of_the_same_numbers_are_told_once() -> None:
    first, other, even = (np.random.default_rng(seed).beta(2, 5, (3, 6, 4)) for seed in (1, 2, 3))
    named = {
        "first-token": measure(first[0], first[1], role="first-token"),
        "cls": measure(first[0], first[1] + 1e-7, role="cls"),
        "punctuation": measure(first[0], other[1], role="punctuation"),  # the same before only
        "broad": measure(even[0], even[1], role="broad"),
        "normalized_entropy": replace(
            measure(even[0], even[1], role=""), name="normalized_entropy"
        ),
    }
    told = {each.subject: each.same_as for each in told_once([*named.values()])}
    assert told == {
        "first-token": "",
        "cls": "first-token",
        "punctuation": "",
        "broad": "normalized_entropy",
        "normalized_entropy": "",
    }
