"""The strangest sentences: which are kept, that they add up, and that planted ones are met."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnviz.corpus.strange import KEPT, Strangest
from attnviz.report.monitoring import StrangeSentence
from tests.conftest import SAMPLES
from tests.helpers.corpora import scanned, write_lines

PLANTED = {
    "digits": "8437 2291 1044 5529 7710 3391 2204 8812 0193",
    "another language": "Der schnelle braune Fuchs springt über den faulen Hund und läuft weiter.",
    "a repeated word": "the the the the the the the the the the the the",
    "marks": "!!!! ???? !!!! ???? !!!!",
}


def sentence(distance: float, text: int = 0, line: int = 1) -> StrangeSentence:
    return StrangeSentence(
        line, "a.txt", line, f"text {text}", f"{text:016x}", 5, (None, None), distance, ()
    )


def test_the_furthest_are_kept_and_equal_texts_once() -> None:
    kept = Strangest.best([sentence(2, text=1, line=9), sentence(3, text=2), sentence(2, text=1)])
    assert [(each.distance, each.line) for each in kept.sentences] == [(3, 1), (2, 1)]
    many = Strangest.best(sentence(place, text=place) for place in range(KEPT + 5))
    assert [each.distance for each in many.sentences] == [*range(KEPT + 4, 4, -1)]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30), st.integers(1, 50)), max_size=80))
def test_in_any_order_and_grouping_they_add_up_to_the_same(drawn: list[tuple[int, ...]]) -> None:
    every = [sentence(*each) for each in drawn]
    whole = Strangest.best(every)
    parts = [Strangest.best(every[::-1][place::3]) for place in range(3)]
    assert (parts[2] + parts[0]) + parts[1] == whole
    assert parts[2] + (parts[0] + parts[1]) == whole
    assert whole + Strangest() == whole


@pytest.mark.slow
def test_planted_sentences_are_the_strangest_of_plain_english(tmp_path: Path) -> None:
    lines = (SAMPLES / "quickstart.txt").read_text(encoding="utf-8").splitlines()
    for place, text in enumerate(PLANTED.values()):
        lines.insert(25 * (place + 1), text)
    corpus = write_lines(tmp_path / "corpus.txt", lines)
    done = scanned(Path("minilm"), corpus, into=tmp_path / "scan")
    assert {each.text for each in done.strangest[:6]} >= {*PLANTED.values()}
    first = done.strangest[0]
    assert first.line == lines.index(first.text) + 1
    assert len(done.strangest) == KEPT
    assert first.distance > 1.5 > done.strangest[-1].distance
    off = [abs(of.value - of.mean) / of.deviation for of in first.unlike]
    assert off == sorted(off, reverse=True)
    assert off[-1] > 3
    assert done.json()["strangest"][0]["text"] == first.text
    assert f"Strangest: corpus.txt line {first.line}" in done.text()
