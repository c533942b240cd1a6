"""Sentences of one document are resampled, and cut in halves, together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import attnviz
from attnviz.evidence import bootstrap
from attnviz.evidence.gather import Candidate, RoleColumns, Sums, choose
from attnviz.evidence.judge import judge
from attnviz.findings.best_heads import best
from attnviz.findings.build import heads
from attnviz.text.types import Sentence, Tokens
from tests.conftest import SAMPLES
from tests.helpers.planted import ROLES, at_offset, measure, sentence
from tests.helpers.units import Units

pytestmark = pytest.mark.slow

ROLE = next(role for role in ROLES if role.name == "previous-token")


def told(text: str, document: str = "") -> Tokens:
    return replace(sentence(text), sentence=Sentence(1, text, "a.conllu", document=document))


def test_a_document_is_one_unit_and_so_is_a_sentence_without_one() -> None:
    units = Units([told("a", "x"), told("b"), told("c", "x"), told("d", "y"), told("b")])
    values = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0], [8.0, 80.0], [16.0, 160.0]])
    assert units.summed(values).tolist() == [[5.0, 50.0], [18.0, 180.0], [8.0, 80.0]]
    shared = np.broadcast_to(values[:, :1], (5, 3))
    assert units.summed(shared).tolist() == [[5.0] * 3, [18.0] * 3, [8.0] * 3]
    assert units.summed(shared).strides[1] == 0, "still stored once"
    assert units.weights(7, 0).shape == (7, 3)


def test_a_document_is_in_one_half_and_two_files_may_name_theirs_alike() -> None:
    texts = [told(text, "x") for text in "abcdefgh"]
    assert len({one.sentence.half for one in texts}) == 1
    assert len({one.sentence.digest & 1 for one in texts}) == 2
    elsewhere = replace(texts[0].sentence, source="b.conllu")
    assert elsewhere.unit != texts[0].sentence.unit


def role_of(mass: list[float], events: list[float]) -> RoleColumns:
    score = Sums(np.array(mass)[:, None], np.array(events)[:, None])
    nothing = Sums(np.zeros((len(mass), 1)), score.events)
    return RoleColumns(ROLE, {"": Candidate(score, {"chance": nothing}, score.present)})


def test_the_score_stays_and_the_interval_widens_with_what_documents_have_in_common() -> None:
    # Twenty documents of ten sentences: in half of them every sentence scores 1, in half 0.
    texts = [told(f"{one} {two}", str(one)) for one in range(20) for two in range(10)]
    alone = [told(f"{one} {two}") for one in range(20) for two in range(10)]
    sums = role_of([float(place // 10 % 2) for place in range(200)], [1.0] * 200)
    by_document, by_sentence = (
        judge(choose([units.of(sums)], units.half), units.half, units.weights(1000, 0))[0]
        for units in (Units(texts), Units(alone))
    )
    assert by_document.score == by_sentence.score == 0.5
    assert by_document.sentences == by_sentence.sentences == 200
    assert by_document.events == 200
    wide, narrow = (float((one.high - one.low)[0]) for one in (by_document, by_sentence))
    # The standard error is 0.5 / sqrt(20) by documents and 0.5 / sqrt(200) by sentences.
    assert wide / narrow == pytest.approx(10**0.5, rel=0.25)


def test_statistics_have_the_intervals_of_roles() -> None:
    # Most heads look far in few sentences: a mean of skewed values, by 30 documents of 4 sentences.
    texts = [
        told(" ".join("abcdefghijk"[: 2 + one * one % 7]), str(one // 4)) for one in range(120)
    ]
    table = measure(texts, [at_offset(-1, 0.5)]).table
    units = Units(texts)
    weights = units.weights(500, 0)

    def statistics(units: Units) -> dict[str, Sums]:
        values, counts = table.over_heads("values"), table.over_heads("counts")
        return {
            statistic.name: Sums(units.summed(values[..., place]), units.summed(counts[..., place]))
            for place, statistic in enumerate(table.statistics)
            if counts[..., place].any()
        }

    [head] = heads(table.heads, [], statistics(units), weights)
    sums = statistics(units)[table.statistics[0].name]
    values, counts = sums.mass, sums.events
    low, high = bootstrap.of_ratio(sums.pooled(weights), values, counts)
    found = head.statistics[table.statistics[0].name]
    assert (found.low, found.high) == pytest.approx((low[0], high[0]))
    assert found.mean == pytest.approx(values.sum() / counts.sum())
    plain = bootstrap.interval(sums.pooled(weights))
    assert (found.low, found.high) != pytest.approx((plain[0][0], plain[1][0]))
    few = Units([told("a b c", str(one % 4)) for one in range(120)])
    [head] = heads(table.heads, [], statistics(few), few.weights(500, 0))
    assert {(one.low, one.high) for one in head.statistics.values()} == {(None, None)}


def test_few_documents_give_no_interval_however_many_sentences_they_have() -> None:
    texts = [told(f"{one} {two}", str(one)) for one in range(4) for two in range(50)]
    units = Units(texts)
    [sums] = choose([units.of(role_of([2.7] * 200, [3.0] * 200))], units.half)
    found = judge([sums], units.half, units.weights(200, 0))[0]
    assert found.verdicts == (None,)
    assert np.isnan([found.low, found.high, found.margin_low]).all()
    assert found.sentences == 200
    [chosen] = best([sums], units.half)
    assert np.isnan([chosen.low, chosen.high]).all()
    assert chosen.sentences == (200 if chosen.heads else 0)


def test_the_report_says_what_was_resampled(tiny: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.conllu"
    blocks = (SAMPLES / "annotated.conllu").read_text(encoding="utf-8").split("\n\n")
    few.write_text("\n\n".join([*blocks[:6], ""]), encoding="utf-8")
    found = attnviz.analyze(tiny, few, illustrate=0, resamples=100)
    assert (found.input.documents, len(found.sentences)) == (0, 6)
    many = tmp_path / "many.txt"
    many.write_text("\n\n".join(f"It is {one}.\nSo it is." for one in range(20)), encoding="utf-8")
    found = attnviz.analyze(tiny, many, illustrate=0, resamples=100)
    assert (found.input.documents, len(found.sentences)) == (20, 40)
    assert not any("documents" in one for one in found.warnings)
    many.write_text("\n\n".join(f"It is {one}.\nSo it is." for one in range(9)), encoding="utf-8")
    found = attnviz.analyze(tiny, many, illustrate=0, resamples=100)
    assert found.input.documents == 0
    assert any("from 9 documents" in one for one in found.warnings)
    plain = attnviz.analyze(tiny, ["The cat sat."] * 6, illustrate=0, resamples=100)
    assert plain.input.documents == 0
    assert any("Only 1 different sentence: too few" in one for one in plain.warnings)
