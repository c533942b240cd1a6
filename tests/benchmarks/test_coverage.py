"""The benchmark of coverage counts what it says it counts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from attnviz.evidence.gather import Sums
from attnviz.text.types import Tokens
from tests.benchmarks import coverage
from tests.conftest import SAMPLES
from tests.helpers.planted import sentence

pytestmark = pytest.mark.slow


def texts(documents: int, sentences: int) -> list[Tokens]:
    found = []
    for one in range(documents):
        for two in range(sentences):
            tokens = sentence(f"{one} {two}")
            told = replace(tokens.sentence, document=f"d{one}")
            found.append(replace(tokens, sentence=told))
    return found


def test_intervals_over_what_is_independent_hold_and_over_what_is_alike_do_not() -> None:
    # 300 documents of 10 sentences, which share half of what their scores vary by.
    tokens, rng = texts(300, 10), np.random.default_rng(0)
    mass = np.repeat(rng.normal(1, 0.2, (300, 4)), 10, axis=0) + rng.normal(0, 0.2, (3000, 4))
    sums = {"x": Sums(mass, np.ones((3000, 4)))}
    alone, whole, alike = (
        coverage.coverage(tokens, sums, *case, samples=60, resamples=300)[0]
        for case in coverage.CASES
    )
    assert (alone.units, whole.units, alike.units) == (100, 10, 100)
    assert min(alone.corrected, whole.corrected) > 0.88
    assert alike.corrected < 0.75


def test_a_sample_of_nearly_all_is_corrected_for() -> None:
    # Of 110 sentences 100 are drawn: nearly every interval holds the mean of these 110.
    tokens, rng = texts(110, 1), np.random.default_rng(0)
    sums = {"x": Sums(rng.normal(1, 0.2, (110, 8)), np.ones((110, 8)))}
    [row] = coverage.coverage(tokens, sums, "sentences", "sentences", samples=80, resamples=300)
    assert row.as_drawn == 1.0
    assert 0.88 <= row.corrected < 0.99


def test_it_runs_on_a_treebank(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "coverage.json"
    treebank = str(SAMPLES / "annotated.conllu")
    coverage.main(["--treebank", treebank, "--samples", "3", "--json", str(file)])
    told = json.loads(file.read_text(encoding="utf-8"))
    assert (told["treebank"], told["samples"]) == ("annotated.conllu", 3)
    rows = {(row["measure"], row["drawn"], row["unit"]) for row in told["rows"]}
    measures = {*coverage.ROLES, *coverage.STATISTICS}
    assert rows == {(measure, *case) for measure in measures for case in coverage.CASES}
    assert all(0 <= row["corrected"] <= row["as_drawn"] <= 1 for row in told["rows"])
    assert capsys.readouterr().out.count("\n") == 2 + len(rows)


def test_a_treebank_must_say_what_its_documents_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "no.conllu"
    file.write_text("1\ta" + "\t_" * 8 + "\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        coverage.main(["--treebank", str(file)])
    assert "no.conllu has sentences of no document" in capsys.readouterr().err
