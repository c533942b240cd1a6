"""A corpus measured whole, and in parts that share its pilot and are added: the same verdicts."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import Any

import numpy as np
import pytest

import attnviz
from attnviz.errors import UsageError
from attnviz.measurement.measurement import Measurement
from attnviz.survey import survey
from tests.conftest import SAMPLES

pytestmark = pytest.mark.slow

FEW: Any = {"resamples": 100}
"""Where no verdict is close, and what is asked is something else."""

QUICKSTART = (SAMPLES / "quickstart.txt").read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def whole() -> Measurement:
    return attnviz.measure("minilm", QUICKSTART)


@pytest.fixture(scope="module")
def parts(whole: Measurement) -> list[Measurement]:
    lines = np.random.default_rng(0).permutation(QUICKSTART).tolist()
    return [attnviz.measure("minilm", lines[start::4], pilot=whole) for start in range(4)]


def test_parts_add_up_to_the_same_bytes_in_any_order(parts: list[Measurement]) -> None:
    first, second, third, fourth = parts
    assert ((fourth + second) + (third + first)).to_bytes() == reduce(add, parts).to_bytes()


def test_counts_are_equal_and_means_nearly(whole: Measurement, parts: list[Measurement]) -> None:
    mine, added = whole.streams[""], reduce(add, parts).streams[""]
    assert np.array_equal(mine.units.digests, added.units.digests)
    assert mine.columns.keys() == added.columns.keys()
    for name, sums in mine.columns.items():
        other = added.columns[name]
        assert np.array_equal(sums.denominator, other.denominator), name
        events = np.maximum(sums.events.sum(0), 1.0)
        np.testing.assert_allclose(
            sums.mass.sum(0) / events, other.mass.sum(0) / events, atol=1e-6, err_msg=name
        )


def test_verdicts_are_the_same(whole: Measurement, parts: list[Measurement]) -> None:
    one, other = attnviz.judge(whole), attnviz.judge(reduce(add, parts))
    verdicts = [
        [{name: role.verdict for name, role in head.roles.items()} for head in report.heads]
        for report in (one, other)
    ]
    assert verdicts[0] == verdicts[1]
    assert one.relations == other.relations
    assert [info.same_as for info in one.roles] == [info.same_as for info in other.roles]


def test_loading_gives_back_what_was_saved(whole: Measurement) -> None:
    saved = whole.to_bytes()
    assert Measurement.from_bytes(saved).to_bytes() == saved


def test_the_empty_measurement_is_zero(whole: Measurement) -> None:
    assert (
        (whole + Measurement()).to_bytes() == (Measurement() + whole).to_bytes() == whole.to_bytes()
    )


def test_what_differs_is_told(whole: Measurement) -> None:
    with pytest.raises(UsageError, match="different pilots"):
        whole + attnviz.measure("minilm", QUICKSTART[:5])
    with pytest.raises(UsageError, match="words False and True"):
        whole + attnviz.measure("minilm", QUICKSTART[:5], words=True)
    with pytest.raises(attnviz.AttnvizError, match="empty"):
        attnviz.judge(Measurement())


def test_a_pilot_of_other_settings_or_none_is_refused(whole: Measurement) -> None:
    with pytest.raises(UsageError, match="measured otherwise: words False and True"):
        attnviz.measure("minilm", QUICKSTART[:5], words=True, pilot=whole)
    with pytest.raises(UsageError, match="pilot is an empty measurement"):
        attnviz.measure("minilm", QUICKSTART[:5], pilot=Measurement())


def test_what_is_no_measurement_is_told(whole: Measurement) -> None:
    with pytest.raises(UsageError, match="pilot is str, not a measurement"):
        attnviz.measure("minilm", QUICKSTART[:5], pilot="first")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="measurement is NoneType, not a measurement"):
        attnviz.judge(None)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="given PosixPath, not bytes"):
        Measurement.from_bytes(SAMPLES)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        whole + "more"  # type: ignore[operator]


def test_a_judge_takes_no_setting_that_shaped_the_sums(whole: Measurement) -> None:
    with pytest.raises(UsageError, match="words is True, and what is judged was measured with Fal"):
        attnviz.judge(whole, words=True)
    assert attnviz.judge(whole, words=False, illustrate=0, **FEW).heads


def test_measurements_can_be_summed(parts: list[Measurement]) -> None:
    assert sum(parts).to_bytes() == reduce(add, parts).to_bytes()


def test_a_text_that_comes_again_is_no_further_evidence() -> None:
    """Forty sentences twice are not the fifty that a verdict takes."""
    once = attnviz.measure("minilm", QUICKSTART[:40])
    report = attnviz.judge(once + once, **FEW)
    assert any("Of 80 sentences 40 are different" in warning for warning in report.warnings)
    role = report.head(0, 2).roles["previous-token"]
    assert (role.sentences, role.verdict) == (40, "tentative")


def test_what_was_little_in_a_part_is_not_said_of_the_sum(parts: list[Measurement]) -> None:
    few = attnviz.measure("minilm", QUICKSTART[:3], pilot=parts[0] + Measurement())
    assert any("Only 3 sentences" in warning for warning in attnviz.judge(few, **FEW).warnings)
    together = attnviz.judge(few + parts[1], **FEW).warnings
    assert not any("Only 3 sentences" in warning for warning in together)
    assert any("Only 33 sentences: no role can be beyond doubt" in warning for warning in together)


def test_relations_that_the_pilot_lacks_are_named() -> None:
    lines = (SAMPLES / "annotated.conllu").read_text(encoding="utf-8").split("\n\n")
    few, many = "\n\n".join(lines[:1]) + "\n\n", "\n\n".join(lines)
    pilot = attnviz.measure("minilm", few, input_format="conllu")
    measured = attnviz.measure("minilm", many, input_format="conllu", pilot=pilot)
    warnings = attnviz.judge(measured, **FEW).warnings
    assert any(
        " relations (" in warning and "pilot's sentences don't" in warning for warning in warnings
    )


def test_a_judged_measurement_is_the_report_without_its_sentences(whole: Measurement) -> None:
    judged = attnviz.judge(whole, **FEW)
    report = attnviz.analyze("minilm", QUICKSTART, illustrate=0, **FEW)
    assert judged.findings == report.findings
    assert [head.roles for head in judged.heads] == [head.roles for head in report.heads]
    assert not judged.sentences
    assert report.sentences


def test_a_judge_keeps_what_was_measured_and_takes_its_own_margins() -> None:
    measured = attnviz.measure("minilm", QUICKSTART[:30], words=True)
    judged = attnviz.judge(measured, evidence="induction-probe=0.001,previous-token=0.97", **FEW)
    assert judged.options.words
    assert judged.induction is not None
    assert judged.induction.margin == 0.001
    assert judged.head(0, 2).roles["previous-token"].verdict == "no"


def test_beyond_the_pilot_a_text_is_measured_shard_by_shard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where a text has more than 1,024 sentences, here of 40: all of them count."""
    monkeypatch.setattr(survey, "PILOT", 40)
    monkeypatch.setattr(survey, "SHARD", 32)
    report = attnviz.analyze("minilm", QUICKSTART, illustrate=2, sentences=(3, 118), **FEW)
    assert report.input.sentences == len(QUICKSTART)
    assert report.head(0, 2).roles["previous-token"].sentences == len(QUICKSTART)
    assert report.head(0, 2).roles["previous-token"].verdict == "supported"
    # Only what is drawn or an example is listed, and the sentences asked for are drawn.
    assert [view.id for view in report.illustrations] == [3, 118]
    assert {3, 118} <= {sentence.id for sentence in report.sentences}
    assert len(report.sentences) <= 42


def test_a_drawn_sentence_beyond_the_pilot_may_lack_a_relation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(survey, "PILOT", 100)
    text, every = SAMPLES / "annotated.conllu", tuple(range(1, 121))
    report = attnviz.analyze("minilm", text, sentences=every, **FEW)
    drawn = {
        view.id: {role.mark.role for head in view.heads for role in head.roles}
        for view in report.illustrations
    }
    assert tuple(drawn) == every
    assert any("dep:advmod" in roles for roles in drawn.values())
    lacking = next(number for number, roles in drawn.items() if "dep:advmod" not in roles)
    [alone] = attnviz.analyze("minilm", text, sentences=(lacking,), **FEW).illustrations
    assert alone.id == lacking


def test_what_a_model_writes_beyond_the_pilot_is_drawn_as_it_was_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(survey, "PILOT", 8)
    source = (SAMPLES / "translation" / "source.txt").read_text(encoding="utf-8").splitlines()[:20]
    report = attnviz.analyze(
        SAMPLES / "translation" / "model", source, generate=3, sentences=tuple(range(1, 21)), **FEW
    )
    assert [view.id for view in report.part("cross").illustrations] == list(range(1, 21))
