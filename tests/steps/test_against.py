"""What changed against an earlier measurement, as verdicts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from attnviz.errors import UsageError
from attnviz.figures.style import FigureStyle
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
    compared = compare(report.measurement, now, Settings(resamples=200))
    return {verdict.case: verdict for verdict in verdicts(compared, margin, DRAW)}


def test_an_unchanged_model_passes(quickstart_report: Any) -> None:
    every = told(quickstart_report.measurement, quickstart_report)
    assert {verdict.status for verdict in every.values()} == {"passed"}
    assert {"next-token", "layer 0", "layer 5"} <= every.keys()
    measured = every["next-token"].measured
    assert measured
    assert measured.name == "L1H8"
    assert measured.number == pytest.approx(0.70, abs=0.01)


def test_heads_that_changed_places_fail_and_took_their_roles_along(quickstart_report: Any) -> None:
    now = with_heads(quickstart_report.measurement, LAYER_3)
    every = told(now, quickstart_report)
    failed = {case for case, verdict in every.items() if verdict.status == "failed"}
    assert failed == {"layer 3"}
    layer, moved = every["layer 3"], every["punctuation"]
    assert (
        layer.reason
        == "12 heads changed places: L3H0 is L3H3 now, L3H1 is L3H5 now, L3H2 is L3H7 now ..."
    )
    assert layer.command == "attnviz draw minilm text.txt --heads L3H3,L3H5,L3H7"
    assert moved.status == "warned"
    assert moved.reason.startswith("The role punctuation is kept: before, L3H11 with 0.40")
    assert moved.reason.endswith("Heads of the layer changed places.")
    assert moved.command.endswith("--heads L3H11,L3H4")


@pytest.mark.parametrize("source", [{}, LAYER_3, {NEXT_TOKEN: BLAND}, {BLAND: NEXT_TOKEN}])
def test_compare_and_check_say_the_same(source: dict[int, int], quickstart_report: Any) -> None:
    before = quickstart_report.measurement
    now = with_heads(before, source)
    settings = Settings(resamples=200)
    compared = compare(before, now, settings)
    checked = {each.case: each for each in Earlier("x", before).verdicts(now, settings)[0]}
    changes = {f"{each.attention} {each.role}".lstrip(): each for each in compared.changes}
    for role, change in changes.items():
        if not change.before:
            assert role not in checked
            continue
        status = checked[role].status
        assert (status == "failed") == (change.kind == "lost")
        assert (status == "skipped") == (change.kind == "unclear")
        assert status != "passed" or change.kind == "kept"
    told = {each.kind for each in compared.findings}
    assert ("same" in told) == all(
        each.status in ("passed", "warned") or "changed places" in each.reason
        for each in checked.values()
    )


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


def test_what_changed_has_a_picture(quickstart_report: Any) -> None:
    before = quickstart_report.measurement
    settings, style = Settings(resamples=200), FigureStyle()
    now = with_heads(before, {NEXT_TOKEN: BLAND})
    every, _, pictures = Earlier("x", before).verdicts(now, settings, style=style)
    figures = {each.case: each.figure for each in every if each.figure}
    assert figures["next-token"] == "figures/difference-next-token"
    assert figures["layer 1"] == "figures/difference-next-token"  # of one subject, drawn once
    assert {*pictures} == {f"{path}{end}" for path in figures.values() for end in (".png", ".svg")}
    assert not any(each.figure for each in every if each.status == "passed")
    swapped = Earlier("x", before).verdicts(with_heads(before, LAYER_3), settings, style=style)
    (layer,) = [each for each in swapped[0] if each.status == "failed"]
    assert layer.figure == "figures/difference-first-token"  # which shows it, place by place
