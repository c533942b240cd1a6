"""Measurements of a real model held against themselves, changed in ways that are known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from attnviz.comparison.records import Comparison, RoleChange
from attnviz.errors import NothingToAnalyseError, UsageError
from attnviz.measurement.measurement import Measurement
from attnviz.settings import Settings
from attnviz.steps.compare import compare
from tests.helpers.compared import with_heads

pytestmark = pytest.mark.slow

SETTINGS = Settings(resamples=200)
LAYER_3 = {36 + at: 36 + other for at, other in enumerate([5, 3, 8, 0, 11, 1, 10, 2, 4, 6, 9, 7])}
NEXT_TOKEN, BLAND = 20, 12
"""L1H8, the one head that looks at the next token, and L1H0, which doesn't."""


@pytest.fixture(scope="module")
def measurement(quickstart_report: Any) -> Measurement:
    found: Measurement = quickstart_report.measurement
    return found


def change(comparison: Comparison, role: str) -> RoleChange:
    return next(each for each in comparison.changes if each.role == role)


def test_a_measurement_and_itself(measurement: Measurement) -> None:
    told = compare(measurement, measurement, SETTINGS)
    assert told.paired
    assert told.units == (told.shared, told.shared)
    assert {each.difference for each in told.differences} == {0.0}
    assert {(each.low, each.high) for each in told.differences} == {(0.0, 0.0)}
    assert not told.certain
    assert {each.kind for each in told.changes} == {"kept"}
    assert [each.kind for each in told.findings] == ["same"]
    assert told.findings[0].text == "No difference: every number of 72 heads is the same."
    assert {match.distance for match in told.matches} == {0.0}


def test_heads_in_another_order_are_found_and_then_nothing_differs(
    measurement: Measurement,
) -> None:
    told = compare(measurement, with_heads(measurement, LAYER_3), SETTINGS)
    found = {match.after[1]: match.before[1] for match in told.matches if match.before[0] == 3}
    assert found == {at - 36: other - 36 for at, other in LAYER_3.items()}
    assert all(match.before == match.after for match in told.matches if match.before[0] != 3)
    assert {each.difference for each in told.differences} == {0.0}
    assert {each.kind for each in told.changes} == {"kept"}
    assert [each.kind for each in told.findings] == ["permuted", "same"]


def test_by_number_roles_move_with_their_heads(measurement: Measurement) -> None:
    told = compare(measurement, with_heads(measurement, LAYER_3), SETTINGS, matching="number")
    moved = change(told, "punctuation")
    assert (moved.kind, moved.left, moved.joined) == ("moved", ((3, 11),), ((3, 4),))
    assert change(told, "previous-token").kind == "kept"
    assert {each.head[0] for each in told.certain} == {3}
    texts = [each.text for each in told.findings if each.kind == "moved"]
    assert "The role sentence end (also punctuation) moved from L3H11 to L3H4." in texts


def test_a_role_that_no_head_has_any_more_is_lost_and_then_new(measurement: Measurement) -> None:
    without = with_heads(measurement, {NEXT_TOKEN: BLAND})
    told = compare(measurement, without, SETTINGS, matching="number")
    lost = change(told, "next-token")
    assert (lost.kind, lost.left, lost.after) == ("lost", ((1, 8),), ())
    assert {each.head for each in told.certain} == {(1, 8)}
    assert told.findings[0].text.startswith("The role next token is lost: before, L1H8 with 0.70")
    back = compare(without, measurement, SETTINGS, matching="number")
    new = change(back, "next-token")
    assert (new.kind, new.joined, new.before) == ("gained", ((1, 8),), ())
    differences = {(each.head, each.role, each.measure): each for each in back.differences}
    for each in told.differences:
        other = differences[each.head, each.role, each.measure]
        assert each.difference == pytest.approx(-(other.difference or 0.0))
        assert each.certain == other.certain


def test_texts_that_share_some_sentences(measurement: Measurement, annotated_report: Any) -> None:
    other = annotated_report.measurement
    told = compare(measurement, other, SETTINGS)
    assert not told.paired
    assert told.units == (120, 30)
    assert told.shared == 30
    assert not told.certain  # a quarter of the sentences is like the whole
    with pytest.raises(UsageError, match="90 of 120 sentences or documents differ"):
        compare(measurement, other, SETTINGS, paired=True)


def test_documents_are_the_same_whatever_their_file_was_called(measurement: Measurement) -> None:
    sums = measurement.streams[""]
    renamed = replace(sums, units=replace(sums.units, ids=sums.units.ids[::-1].copy()))
    told = compare(measurement, replace(measurement, streams={"": renamed}), SETTINGS)
    assert told.paired
    assert {each.difference for each in told.differences if not each.role} == {0.0}


def test_what_cannot_be_compared(measurement: Measurement) -> None:
    source = measurement.source
    assert source
    words = replace(source, settings={**source.settings, "words": True})
    with pytest.raises(UsageError, match="--words was False in one and True in the other"):
        compare(measurement, replace(measurement, source=words), SETTINGS)
    with pytest.raises(NothingToAnalyseError, match="empty"):
        compare(measurement, Measurement(), SETTINGS)
    streams = {"encoder": measurement.streams[""]}
    with pytest.raises(UsageError, match="no attention in common"):
        compare(measurement, replace(measurement, streams=streams), SETTINGS)


def test_versions_and_pilots_are_warned_of(measurement: Measurement) -> None:
    assert measurement.source
    assert measurement.pilot
    older = replace(
        measurement,
        source=replace(measurement.source, version="0.1.0"),
        pilot=replace(measurement.pilot, digest=1),
    )
    version, pilot = compare(older, measurement, SETTINGS).warnings
    assert "different versions of attnviz, 0.1.0 and" in version
    assert "different pilots" in pilot


def test_what_is_one_fact_is_counted_once(measurement: Measurement) -> None:
    told = compare(measurement, measurement, SETTINGS)
    again = {each.role: each.same_as for each in told.differences if each.same_as}
    assert again == {"cls": "first-token", "broad": "normalized_entropy"}
    assert len(told.differences) - len(told.told) == 2 * 72
