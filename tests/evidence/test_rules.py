"""What a verdict takes: from every source, with what is wrong told, and printed where it counts."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import attnviz
from attnviz.errors import UsageError
from attnviz.evidence import bootstrap
from attnviz.evidence.gather import RoleSums, Sums
from attnviz.evidence.judge import judge
from attnviz.evidence.rules import USUAL, Margin, Rules, idle, rules
from attnviz.report import rerun, whole
from attnviz.report.formats import json_report, markdown
from attnviz.report.given import Options
from attnviz.report.sections import method
from attnviz.roles.dependency import ROLE as RELATIONS
from attnviz.roles.previous_token import ROLE as PREVIOUS
from attnviz.settings import from_mapping
from attnviz.sources import resolve
from tests.conftest import SAMPLES
from tests.helpers import example, schemas
from tests.helpers.example import REVERSE, ROW
from tests.helpers.page import page

pytestmark = pytest.mark.slow

SUBJECT = replace(PREVIOUS, name="dep:nsubj", family_name="dep", margin=0.1)
FROM_VERB = replace(PREVIOUS, name="dep:nsubj:reverse", family_name="dep", margin=0.1)
OBJECT = replace(PREVIOUS, name="dep:obj", family_name="dep", margin=0.1)

STRICT = Rules(
    sentences=20, margins=(Margin("dep:nsubj", 0.25, 0.1), Margin("induction", 0.2, 0.1))
)
SAME = (("dep", 0.2), ("sentences", 30.0))


@pytest.mark.parametrize(
    ("flags", "environment", "project"),
    [
        ({"evidence": "sentences=30,dep=0.2"}, {}, ""),
        ({"evidence": " dep = 0.20 , sentences=30"}, {"ATTNVIZ_EVIDENCE": "dep=0.9"}, ""),
        ({}, {"ATTNVIZ_EVIDENCE": "dep=.2,sentences=30"}, 'evidence = "dep=0.9"'),
        ({}, {}, 'evidence = "dep=0.2,sentences=30"'),
        ({}, {}, "evidence = {dep = 0.2, sentences = 30}"),
        ({}, {}, "[tool.attnviz.evidence]\nsentences = 30\ndep = 0.2"),
    ],
)
def test_it_comes_from_every_source(
    tmp_path: Path, flags: dict[str, str], environment: dict[str, str], project: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.attnviz]\n{project}")
    assert resolve(flags, environment, tmp_path).evidence == SAME
    assert from_mapping({"evidence": {"dep": 0.2, "sentences": 30}}).evidence == SAME


@pytest.mark.parametrize(
    "text", ["induction", "induction=", "=0.1", "dep=x", "dep=nan", "dep=inf", "dep=0.1,", "", ","]
)
def test_what_is_no_pair(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="--evidence is") as caught:
        resolve({"evidence": text}, {}, tmp_path)
    assert "KEY=NUMBER" in caught.value.hint or "empty" in caught.value.hint


def test_a_key_counts_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--evidence is 'dep=0") as caught:
        resolve({"evidence": "dep=0.1,dep=0.2"}, {}, tmp_path)
    assert "each key once" in caught.value.hint


def test_truth_is_no_margin(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.attnviz.evidence]\ninduction = true")
    with pytest.raises(UsageError, match=r"tool\.attnviz\.evidence is"):
        resolve({}, {}, tmp_path)


@pytest.mark.parametrize(
    ("key", "number", "message", "hint"),
    [
        ("inducton", 0.1, "no role or count 'inducton'", "Did you mean induction?"),
        ("sentence", 9, "no role or count 'sentence'", "Did you mean sentences?"),
        ("xyzzy", 0.1, "no role or count 'xyzzy'", "Keys are: alignment, broad"),
        ("nsubj:reverse", 0.1, "no role or count", "Keys are"),
        ("dep:", 0.1, "no role or count 'dep:'", "Did you mean dep?"),
        ("induction", 1.0, "margin of induction is 1", "0 to below 1"),
        ("dep:nsubj", -0.1, "margin of dep:nsubj is -0.1", "0 to below 1"),
        ("sentences", 0, "sentences is 0", "whole number from 1"),
        ("events", 2.5, "events is 2.5", "whole number from 1"),
    ],
)
def test_mistakes_name_what_would_do(key: str, number: float, message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        rules(((key, number),))
    assert hint in caught.value.hint


def test_a_mistake_is_told_before_the_model_is_loaded() -> None:
    with pytest.raises(UsageError, match="no role or count 'inducton'"):
        attnviz.analyze("no-such-model", ["A word."], evidence={"inducton": 0.2})


def test_the_most_specific_margin_wins() -> None:
    found = rules((("dep", 0.2), ("dep:nsubj", 0.3)))
    margins = [one.margin for one in found.applied([SUBJECT, FROM_VERB, OBJECT, PREVIOUS])]
    assert margins == [0.3, 0.2, 0.2, PREVIOUS.margin]
    # The family itself stands for its members where a text has none.
    assert found.applied([RELATIONS])[0].margin == 0.2


def test_what_is_usual_is_no_news() -> None:
    assert rules(()) == rules((("dep", 0.1), ("events", 100), ("induction-probe", 0.1))) == USUAL
    # Unless something more general is not usual.
    kept = rules((("dep", 0.2), ("dep:obj", 0.1)))
    assert [one.margin for one in kept.applied([SUBJECT, OBJECT])] == [0.2, 0.1]


KEYS = st.sampled_from(["dep", "dep:nsubj", "dep:x:reverse", "induction", "induction-probe"])


@hypothesis.example({"dep": 0.1, "dep:nsubj": 0.1}, 1, 1)
@given(
    st.dictionaries(KEYS, st.integers(0, 99).map(lambda n: n / 100)),
    st.integers(1, 200),
    st.integers(1, 200),
)
def test_what_was_given_gives_the_same_rules_again(
    margins: dict[str, float], sentences: int, events: int
) -> None:
    found = rules(tuple({**margins, "sentences": sentences, "events": events}.items()))
    assert rules(found.given) == found


def test_a_relation_that_is_not_there_is_told_where_others_are() -> None:
    found = rules((("dep:nsbj", 0.3), ("dep:obj", 0.3), ("coreference", 0.3)))
    assert idle(found, [PREVIOUS, RELATIONS]) == []
    (told,) = idle(found, [PREVIOUS, OBJECT])
    assert "dep:nsbj" in told


HALF = np.arange(60) % 2


def planted(score: float, sentences: int = 60) -> RoleSums:
    """A head that scores the same in every sentence, ten queries each, against a chance of 0."""
    counts = np.full((60, 1), 10.0)
    counts[sentences:] = 0
    return RoleSums(
        PREVIOUS, Sums(score * counts, counts), {"chance": Sums(0 * counts, counts)}, ("",)
    )


def verdict(given_evidence: dict[str, float], score: float, sentences: int = 60) -> str | None:
    found = rules(tuple(given_evidence.items()))
    sums = planted(score, sentences)
    sums = replace(sums, role=found.applied([sums.role])[0])
    weights = bootstrap.weights(range(60), 200, 0)
    return judge([sums], HALF, weights, found)[0].verdicts[0]


def test_a_margin_turns_a_verdict() -> None:
    # 0.31 is above the role's own 0.3, and neither above 0.32 nor below 0.1.
    assert verdict({}, 0.31) == "supported"
    assert verdict({"previous-token": 0.32}, 0.31) == "no"
    assert verdict({"self": 0.32}, 0.31) == "supported"
    assert verdict({}, 0.11) == "no"
    assert verdict({"previous-token": 0.1}, 0.11) == "supported"


def test_least_evidence_turns_a_verdict() -> None:
    assert verdict({}, 0.5, sentences=40) == "tentative"
    assert verdict({"sentences": 40}, 0.5, sentences=40) == "supported"
    assert verdict({"sentences": 41}, 0.5, sentences=40) == "tentative"
    # 40 sentences of ten queries are 400 events.
    assert verdict({"sentences": 40, "events": 401}, 0.5, sentences=40) == "tentative"


def test_a_report_prints_the_rules_and_how_to_set_them_again() -> None:
    made = replace(example.report(sentences=3), options=Options(evidence=STRICT))
    assert "at least 20 sentences and 100 events" in method.of(made).verdicts[0].takes
    said = (
        "sentences at least 20 instead of 50; dep:nsubj 0.25 instead of 0.1; "
        "induction 0.2 instead of 0.1"
    )
    assert said in method.of(made).unusual
    assert said in page(made).text
    assert said in markdown.write(made, ()).decode()
    command = shlex.split(rerun.command(made))
    given_again = command[command.index("--evidence") + 1]
    assert given_again == "dep:nsubj=0.25,induction=0.2,sentences=20"
    assert rules(from_mapping({"evidence": given_again}).evidence) == STRICT
    told = json.loads(json_report.write(made, ()))
    schemas.validate(told)
    assert told["evidence"] == {
        "confidence": 0.95,
        "resamples": 2000,
        "seed": 0,
        "sentences": 20,
        "events": 100,
        "margins": [
            {"role": "dep:nsubj", "margin": 0.25, "default": 0.1},
            {"role": "induction", "margin": 0.2, "default": 0.1},
        ],
    }


def test_a_usual_report_prints_no_difference() -> None:
    made = example.report(sentences=3)
    assert method.of(made).unusual == ""
    assert "--evidence" not in rerun.command(made)
    assert "Set for this report" not in page(made).text


def test_a_relation_with_a_margin_of_its_own_has_a_row_of_its_own() -> None:
    made = replace(example.report(sentences=3), relations=(ROW, REVERSE))
    assert [one.name for one in whole.roles(made) if one.family == "syntax"] == [
        "dep:…",
        "dep:amod",
    ]
    strict = replace(made, options=Options(evidence=STRICT))
    assert "dep:nsubj" in [one.name for one in whole.roles(strict)]


def test_on_a_real_model() -> None:
    text = (SAMPLES / "quickstart.txt").read_text(encoding="utf-8").splitlines()[:12]
    usual = attnviz.analyze("minilm", text, illustrate=0, resamples=200)
    asked = {"previous-token": 0.99, "induction-probe": 0.99, "sentences": 10_000}
    strict = attnviz.analyze("minilm", text, illustrate=0, resamples=200, evidence=asked)
    names = {role.name: role for role in strict.roles}
    assert names["previous-token"].margin == 0.99
    assert {role.name: role for role in usual.roles}["previous-token"].heads
    assert not names["previous-token"].heads
    assert strict.induction is not None
    assert strict.induction.margin == 0.99
    assert strict.induction.supported == ()
    verdicts = {score.verdict for head in strict.heads for score in head.roles.values()}
    assert verdicts == {"tentative", "no", None}  # commas, say, are in fewer than five of them
    # Only verdicts change: every number stays.
    for one, other in zip(usual.heads, strict.heads, strict=True):
        assert {name: replace(score, verdict="no") for name, score in one.roles.items()} == {
            name: replace(score, verdict="no") for name, score in other.roles.items()
        }
