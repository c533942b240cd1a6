"""`attnviz check --against`: a model is measured again on the text of an earlier report."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import attnviz
from attnviz.models import names
from tests.conftest import SAMPLES
from tests.helpers.permuted import with_head_destroyed, with_heads_permuted
from tests.helpers.tool import Tool

pytestmark = pytest.mark.slow

TEXT = SAMPLES / "quickstart.txt"
ORDER = [5, 3, 8, 0, 11, 1, 10, 2, 4, 6, 9, 7]


@pytest.fixture(scope="module")
def earlier(quickstart_report: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report's folder with its text beside it."""
    folder = tmp_path_factory.mktemp("earlier")
    shutil.copy(TEXT, folder)
    (folder / "report" / "measurement").mkdir(parents=True)
    sums = quickstart_report.measurement.to_bytes()
    (folder / "report" / "measurement" / "sums.safetensors").write_bytes(sums)
    return folder / "report"


@pytest.fixture(scope="module")
def minilm() -> Path:
    return Path(names.resolve("minilm").location)


def test_an_unchanged_model_passes(tool: Tool, earlier: Path, tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    done = tool("check", "minilm", "--against", earlier, "--junit", junit, "--format", "json")
    assert done.code == 0
    told = json.loads(done.out)
    assert (told["against"], told["rules"]) == ("report", "")
    assert {each["status"] for each in told["verdicts"]} == {"passed"}
    assert 'testsuite name="against report"' in junit.read_text(encoding="utf-8")


def test_heads_that_changed_places_fail(
    tool: Tool, earlier: Path, minilm: Path, tmp_path: Path
) -> None:
    shuffled = with_heads_permuted(minilm, tmp_path / "shuffled", 3, ORDER)
    done = tool("check", shuffled, "--against", earlier)
    assert done.code == 1
    assert "failed   heads as before [layer 3]\n" in done.out
    assert "warned   role kept [punctuation]\n" in done.out
    assert "12 heads changed places: L3H0 is L3H3 now" in " ".join(done.out.split())
    assert done.out.count("failed   ") == 1


def test_a_destroyed_head_takes_its_role_with_it(
    earlier: Path, minilm: Path, tmp_path: Path
) -> None:
    destroyed = with_head_destroyed(minilm, tmp_path / "destroyed", 3, 11, 12)
    rules = [{"name": "all", "text": "The cat sat.", "from": "sat", "to": "cat", "gt": 0}]
    verdicts = attnviz.check(destroyed, rules, against=earlier, resamples=200)
    assert verdicts.title == "rules, against report"
    assert (verdicts[0].rule, verdicts[0].status) == ("all", "passed")
    failed = {each.name: each for each in verdicts.of("failed")}
    assert failed.keys() == {
        *("role kept [punctuation]", "role kept [sentence-end]", "heads as before [layer 3]"),
    }
    lost = failed["role kept [punctuation]"]
    assert lost.reason.startswith("The role punctuation is lost: before, L3H11 with 0.40")
    assert lost.measured
    assert lost.measured.name == "L3H11"


def test_a_measurement_is_held_against_rules_and_another_without_the_model(
    tool: Tool, earlier: Path, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(
        '[[rule]]\nname = "next"\nrole = "next-token"\ngte = 0.6\n'
        '[[rule]]\nname = "it"\ntext = "it was"\nfrom = "it"\nto = "was"\ngt = 0.1\n'
        f'[[rule]]\nname = "same"\nfile = "{TEXT}"\nredundant = {{ gte = 0 }}\n'
        '[[rule]]\nname = "other"\nfile = "rules.toml"\nrole = "next-token"\ngt = 0\n'
    )
    done = tool("check", "minilm", rules, "--from", earlier, "--against", earlier)
    assert done.code == 2
    assert "passed   next  L1H8 0.70" in done.out
    assert "skipped  it\n" in done.out
    assert "weights of a sentence take the model" in done.out
    assert "passed   same" in done.out
    assert "is of quickstart.txt, not of the rule's text." in done.out
    assert "passed   heads as before [layer 5]" in done.out
    assert "of minilm, not of other" in tool("check", "other", rules, "--from", earlier).err


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ([], "quickstart.txt, which is not here."),
        (["--text", "{changed}"], "is not as it was when"),
        (["--text", "{text}", "--words"], "--words is True, and what is judged was measured with"),
        (["--text", "{text}", "--text", "{changed}", "--init", "a.toml"], "--init writes rules"),
    ],
)
def test_a_text_that_cannot_be_measured_again(
    tool: Tool, earlier: Path, tmp_path: Path, flags: list[str], reason: str
) -> None:
    changed = tmp_path / "quickstart.txt"
    changed.write_text("Another text.\n")
    sums = tmp_path / "a" / "b" / "sums.safetensors"
    sums.parent.mkdir(parents=True)
    shutil.copy(earlier / "measurement" / "sums.safetensors", sums)
    given = [flag.format(text=TEXT, changed=changed) for flag in flags]
    done = tool("check", "minilm", "--against", sums, *given)
    assert done.code == 2
    assert reason in done.err


def test_flags_that_need_an_earlier_measurement(tool: Tool, tmp_path: Path) -> None:
    assert "use --against DIR" in tool("check", "minilm").err
    for flags in (["--target", "a.txt"], ["--text", "a", "--text", "b"]):
        assert tool("check", "minilm", tmp_path / "rules.toml", *flags).code == 2
    (tmp_path / "scan").mkdir()
    (tmp_path / "scan" / "scan.json").write_text("{}")
    done = tool("check", "minilm", "--against", tmp_path / "scan")
    assert done.code == 3
    assert "Its scan is not finished" in done.err
