"""What changed against an earlier measurement, as verdicts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from attnviz.errors import UsageError
from attnviz.measurement.measurement import Measurement
from attnviz.rules.verdict import Verdict
from attnviz.settings import Settings
from attnviz.steps.against import MARGIN, Earlier, verdicts
from attnviz.steps.compare import compare
from tests.helpers.compared import with_heads
from tests.steps.test_compare import BLAND, LAYER_3, NEXT_TOKEN

pytestmark = pytest.mark.slow

DRAW = ("attnviz", "draw", "minilm", "text.txt")


def told(now: Measurement, report: Any, margin: float = MARGIN) -> dict[str, Verdict]:
    compared = compare(report.measurement, now, Settings(resamples=200), matching="number")
    return {verdict.case: verdict for verdict in verdicts(compared, margin, DRAW)}


def test_an_unchanged_model_passes(quickstart_report: Any) -> None:
    every = told(quickstart_report.measurement, quickstart_report)
    assert {verdict.status for verdict in every.values()} == {"passed"}
    assert {"next-token", "layer 0", "layer 5"} <= every.keys()
    measured = every["next-token"].measured
    assert measured
    assert measured.name == "L1H8"
    assert measured.number == pytest.approx(0.70, abs=0.01)


def test_heads_that_changed_places_fail_and_their_roles_moved(quickstart_report: Any) -> None:
    now = with_heads(quickstart_report.measurement, LAYER_3)
    every = told(now, quickstart_report)
    failed = {case for case, verdict in every.items() if verdict.status == "failed"}
    assert failed == {"layer 3"}
    layer, moved = every["layer 3"], every["punctuation"]
    assert layer.measured
    assert layer.measured.name == "L3H4 first-token"
    assert layer.reason.startswith("L3H4's first-token changed by −0.59")
    assert "so did, of 12 heads, L3H8" in layer.reason
    assert layer.command == "attnviz draw minilm text.txt --heads L3H4,L3H8,L3H11"
    assert moved.status == "warned"
    assert moved.reason == "The role punctuation moved from L3H11 to L3H4."
    assert moved.command.endswith("--heads L3H11,L3H4")


def test_a_lost_role_fails_whatever_the_margin(quickstart_report: Any) -> None:
    now = with_heads(quickstart_report.measurement, {NEXT_TOKEN: BLAND})
    every = told(now, quickstart_report, margin=1.0)
    failed = {case: verdict for case, verdict in every.items() if verdict.status == "failed"}
    assert failed.keys() == {"next-token"}
    lost = failed["next-token"]
    assert lost.reason.startswith("The role next-token is lost: before, L1H8 with 0.70")
    assert lost.command == "attnviz draw minilm text.txt --heads L1H8"
    assert every["layer 1"].reason == "1 head surely changed, by less"
    assert told(now, quickstart_report)["layer 1"].status == "failed"


def test_a_model_of_another_shape_is_refused(quickstart_report: Any) -> None:
    whole = quickstart_report.measurement
    sums = whole.streams[""]
    shallow = replace(whole, streams={"": replace(sums, layers=sums.layers[:2])})
    with pytest.raises(UsageError, match=r"of 2 layers and 24 heads, and .* 6 layers and 72 heads"):
        Earlier("before", shallow).verdicts(whole, Settings(resamples=200))
