"""On words in random order no head can follow syntax: relations fall to their baselines there."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

import attnviz
from attnviz.report.model import HeadReport, Report, RoleScore
from attnviz.text.files import read
from attnviz.text.treebank import TreebankSentence, treebank_sentences
from tests.conftest import SAMPLES
from tests.helpers.shuffled import shuffled, words
from tests.helpers.tables import Tables

pytestmark = pytest.mark.slow

TREEBANK = SAMPLES / "annotated.conllu"


class Measured(NamedTuple):
    """MiniLM on the sample as it is and shuffled."""

    real: Report
    mixed: Report


def treebank(path: Path) -> list[TreebankSentence]:
    (file,) = read([str(path)], None)
    return list(treebank_sentences(file))


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shuffled") / "shuffled.conllu"
    path.write_text(shuffled(TREEBANK), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def measured(mixed: Path) -> Measured:
    return Measured(
        *(
            attnviz.analyze("minilm", path, illustrate=0, resamples=1000, evidence={"dep": 0.05})
            for path in (TREEBANK, mixed)
        )
    )


def scores(report: Report, role: str) -> list[tuple[HeadReport, RoleScore]]:
    return [(head, head.roles[role]) for head in report.heads if role in head.roles]


def supported(report: Report) -> dict[str, HeadReport]:
    """The best head of each role between words that is supported."""
    between = {row.role for row in report.relations}
    best = {
        role.name: report.head(*role.heads[0])
        for role in report.roles
        if role.name in between and role.heads
    }
    return {name: head for name, head in best.items() if head.roles[name].verdict == "supported"}


def test_shuffled_words_keep_what_is_known_of_them(mixed: Path) -> None:
    before, after = treebank(TREEBANK), treebank(mixed)
    assert words(after) == words(before)
    moved = [
        one.annotation.forms != other.annotation.forms
        for one, other in zip(before, after, strict=True)
    ]
    assert sum(moved) > 0.95 * len(moved)
    assert shuffled(TREEBANK) == mixed.read_text(encoding="utf-8")


def test_what_heads_of_relations_score_falls_to_luck(measured: Measured, tables: Tables) -> None:
    found = supported(measured.real)
    assert len(found) >= 2
    for role, head in found.items():
        before = head.roles[role]
        after = measured.mixed.head(head.layer, head.head).roles[role]
        tables.add(
            "minilm: the best heads of relations on words in random order",
            {
                "relation": role,
                "head": f"L{head.layer}H{head.head}",
                "real": f"{before.score:.2f}",
                "shuffled": f"{after.score:.2f} [{after.low:.2f}, {after.high:.2f}]",
                "baseline": f"{after.baseline:.2f} {after.against}",
                "lower bound": f"{after.margin_low:.2f}",
            },
        )
        assert after.verdict == "no"
        assert after.margin_low is not None
        assert after.margin_low < 0.0
        assert before.low is not None
        assert after.high is not None
        assert after.high < before.low


def test_no_relation_is_supported(measured: Measured) -> None:
    assert len(measured.mixed.relations) > 30
    assert supported(measured.mixed) == {}


def test_coreference_is_no_better_than_its_rules(measured: Measured) -> None:
    for _, score in scores(measured.mixed, "coreference"):
        assert score.verdict == "no"
        assert score.low is not None
        assert score.baseline is not None
        assert score.low <= score.baseline
