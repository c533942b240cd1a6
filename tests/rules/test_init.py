"""Rules that are written of a report, read again, say what it holds."""

import tomllib
from typing import Any

import pytest

import attnviz
from attnviz.errors import NothingToAnalyseError
from attnviz.rules import evidence, init
from attnviz.rules.decide import decide
from attnviz.rules.read import read

pytestmark = pytest.mark.slow


def test_they_pass_on_the_report(quickstart_report: Any) -> None:
    source = init.write(quickstart_report, "quickstart.txt", "attnviz check …")
    rules = read(source, "rules.toml").rules
    assert {rule.text.file for rule in rules} == {"quickstart.txt"}
    decisions = {
        rule.name: decide(rule, evidence.of(rule, quickstart_report).candidates).holds
        for rule in rules
    }
    assert set(decisions.values()) == {True}
    assert "previous-token: L0H2" in decisions
    # Every layer has rules, by which heads that change places are noticed.
    least = [name for name in decisions if name.startswith("least distance of layer")]
    assert len(least) == 6


def test_names_are_written_as_toml(quickstart_report: Any) -> None:
    name = 'a "b"\\\t\x7fé.txt'
    source = init.write(quickstart_report, name, "attnviz check\n[[rule]]")
    assert tomllib.loads(source)["file"] == name


def test_few_sentences_make_no_rules(tiny: Any) -> None:
    report = attnviz.analyze(tiny, ["the dog sat"] * 2, illustrate=0, resamples=100)
    with pytest.raises(NothingToAnalyseError, match="too few sentences"):
        init.write(report, "a.txt", "attnviz check …")
