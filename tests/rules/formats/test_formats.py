"""One set of verdicts in every format: none says anything else, whatever texts hold."""

import io
import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped, TestSuite
from rich.console import Console

from attnviz.errors import ExitCode
from attnviz.measurement.source import ModelInfo
from attnviz.rules.formats import json_verdicts, junit, markdown_verdicts, terminal
from attnviz.rules.verdict import Measured, Verdict, Verdicts

MODEL = ModelInfo("some/model", "", "BertModel", 2, 2, 2, 1000, "float32", causal=False)
FAR = Measured("L0H1", 0.1234, 0.1234, 0.1234)
WIDE = Measured("L1H0", 0.5, 0.4, 0.6)
HOSTILE = "a\x1b[31m<b>|`x`\x00]]>\ud800 \n& @all"


def verdicts(*given: Verdict) -> Verdicts:
    return Verdicts(
        version="1", model=MODEL, rules="rules.toml", verdicts=given, tags={"git.sha": "3f\x07"}
    )


EVERY = verdicts(
    Verdict(rule="first", status="passed", asked="“a” to “b” > 0.1 in any head", measured=FAR),
    Verdict(
        rule="second",
        status="failed",
        asked="x",
        text=HOSTILE,
        measured=WIDE,
        closest=(WIDE, FAR),
        reason="L1H0 has 0.50 [0.40, 0.60]",
        command="attnviz draw m 'a b'",
    ),
    Verdict(rule="third", status="skipped", asked="x", reason="too few sentences"),
    Verdict(rule="fourth", status="warned", asked="x", measured=FAR, reason="L0H1 has 0.123"),
    Verdict(rule=HOSTILE, status="error", asked=HOSTILE, reason=HOSTILE, hint="Mend it."),
)


def only(status: str, critical: bool = True) -> Verdicts:
    verdict = Verdict(rule="a", status=status, asked="x", critical=critical)  # type: ignore[arg-type]
    return verdicts(verdict)


def test_the_exit_code() -> None:
    assert EVERY.exit_code == ExitCode.USAGE
    codes = {status: only(status).exit_code for status in ("passed", "failed", "warned", "skipped")}
    assert codes == {"passed": 0, "failed": 1, "warned": 0, "skipped": 0}


def test_the_summary() -> None:
    assert EVERY.summary == "1 failed, 1 with errors, 1 warned, 1 skipped, 1 passed"
    assert only("passed").summary == "1 passed"
    assert only("skipped").summary == "all 1 skipped: nothing was checked"
    assert not EVERY.passed
    assert len(EVERY) == 5
    assert [each.status for each in EVERY] == [
        *("passed", "failed", "skipped", "warned", "error"),
    ]


def test_junit_is_read_by_a_public_parser() -> None:
    data = junit.write(EVERY)
    read: Any = JUnitXml.fromstring(data)
    (suite,) = read
    assert isinstance(suite, TestSuite)
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (5, 1, 1, 1)
    properties: Any = suite
    assert {each.name: each.value for each in properties.properties()} == {
        "attnviz": "1",
        "model": "some/model",
        "git.sha": "3f<U+0007>",
    }
    results = [case.result for case in suite]
    assert [[type(each) for each in of] for of in results] == [
        [],
        [Failure],
        [Skipped],
        [],
        [Error],
    ]
    assert results[1][0].message == "L1H0 has 0.50 [0.40, 0.60]"
    assert "next: L0H1 0.123" in results[1][0].text
    assert "see: attnviz draw m 'a b'" in results[1][0].text
    assert results[2][0].message == "too few sentences"


def test_junit_has_the_elements_that_its_schemas_know_in_their_order() -> None:
    root = ET.fromstring(junit.write(EVERY))
    assert root.tag == "testsuites"
    (suite,) = root
    assert [child.tag for child in suite] == ["properties", *["testcase"] * 5]
    for case in suite.iter("testcase"):
        assert set(case.attrib) == {"name", "classname", "time"}
        order = ["skipped", "error", "failure", "system-out", "system-err"]
        places = [order.index(child.tag) for child in case]
        assert places == sorted(places)
        assert len(places) == len(set(places))
    assert set(suite.attrib) == {"name", "tests", "failures", "errors", "skipped", "time"}


def test_the_same_bytes() -> None:
    for write in (junit.write, markdown_verdicts.write, json_verdicts.write):
        assert write(EVERY) == write(EVERY)


def test_json() -> None:
    values = json.loads(json_verdicts.write(EVERY))
    assert values["schema"] == "attnviz.check/1"
    assert values["exit_code"] == 2
    assert values["counts"] == {"passed": 1, "failed": 1, "error": 1, "warned": 1, "skipped": 1}
    assert values["tags"] == {"git.sha": "3f\x07"}
    second = values["verdicts"][1]
    assert second["status"] == "failed"
    assert second["measured"] == {
        "name": "L1H0",
        "number": 0.5,
        "low": 0.4,
        "high": 0.6,
        "others": [],
    }
    assert [each["name"] for each in second["closest"]] == ["L1H0", "L0H1"]
    assert values["verdicts"][2]["measured"] is None


def test_markdown_holds_no_markup_but_its_own() -> None:
    text = markdown_verdicts.write(EVERY).decode()
    assert text.startswith("## attnviz check: 1 failed, 1 with errors, 1 warned")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 5
    assert "L0H1 0.123" in rows[2]
    assert "L1H0 0.50 \\[0.40, 0.60\\]" in rows[3]
    assert "too few sentences" in rows[4]
    assert "<b>" not in text
    assert "\x1b" not in text
    assert "    attnviz draw m 'a b'" in text.splitlines()


def test_the_terminal() -> None:
    out = io.StringIO()
    console = Console(file=out, width=40, color_system=None)
    console.print(terminal.summary(EVERY), soft_wrap=True)
    lines = out.getvalue().splitlines()
    assert lines[0] == "passed   first  L0H1 0.123"
    assert lines[1] == "failed   second"
    assert "         attnviz draw m 'a b'" in lines
    assert "         next: L0H1 0.123" in lines
    assert "         Mend it." in lines
    assert lines[-1] == "some/model: 1 failed, 1 with errors, 1 warned, 1 skipped, 1 passed"
    assert "\x1b" not in out.getvalue()


@pytest.mark.parametrize(("many", "lines"), [(10, 10), (11, 1)])
def test_many_texts_that_pass_are_a_line(many: int, lines: int) -> None:
    several = [
        Verdict(
            rule="of a file",
            case=f"sentence {place}",
            text="The cat sat.",
            status="passed",
            asked="x",
            measured=Measured("mean", place / 100, place / 100, place / 100),
        )
        for place in range(1, many + 1)
    ]
    text = markdown_verdicts.write(verdicts(*several)).decode()
    assert text.count("of a file") == lines
    if lines == 1:
        assert "of a file \\[11 texts\\]" in text
        assert "from 0.0100 to 0.110" in text
    # A machine gets them all.
    assert len(json.loads(json_verdicts.write(verdicts(*several)))["verdicts"]) == many


def test_many_layers_that_pass_are_a_line() -> None:
    largest = Measured("L0H0 entropy", 0.01, 0.0, 0.02)
    several = [
        Verdict(rule="heads", case=f"layer {place}", status="passed", asked="x", measured=largest)
        for place in range(12)
    ]
    text = markdown_verdicts.write(verdicts(*several)).decode()
    assert "heads \\[12 of them\\]" in text
