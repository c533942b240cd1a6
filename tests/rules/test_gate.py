"""`--fail-if`: what is read of it, and when a report fails."""

from pathlib import Path
from typing import Any

import pytest

from attnviz.errors import UsageError
from attnviz.rules import gate
from attnviz.rules.gate import Gate
from tests.helpers.tool import Tool


def test_what_is_written_is_read() -> None:
    assert gate.read("max first-token > 0.9") == Gate("max", "first-token", ">", 0.9)
    assert gate.read(" count  dep:nsubj:reverse<=2 ") == Gate("count", "dep:nsubj:reverse", "<=", 2)
    assert str(gate.read("mean entropy >= 1e-2")) == "mean entropy >= 0.01"


@pytest.mark.parametrize(
    ("written", "message", "hint"),
    [
        ("", "--fail-if is ''", "max gini > 0.9"),
        ("max first-token", "--fail-if is", "a sign and a number"),
        ("most first-token > 0.9", "--fail-if is", "max, min, mean or count"),
        ("max first-token = 0.9", "--fail-if is", ""),
        ("max first-token > much", "--fail-if is", ""),
        ("max first-token > nan", "--fail-if is", ""),
        ("max fist-token > 0.9", "no role or statistic 'fist-token'", "Did you mean first-token?"),
        ("count entropy > 3", "no role 'entropy'", ""),
    ],
)
def test_mistakes(written: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        gate.read(written)
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.slow
def test_numbers_are_those_of_the_report(quickstart_report: Any) -> None:
    scores = {
        (head.layer, head.head): head.roles["first-token"].score for head in quickstart_report.heads
    }
    most = max(scores, key=lambda place: scores[place])
    told = gate.read("max first-token > 0.1").reason(quickstart_report)
    assert told == (f"max first-token is {scores[most]:.3f} in L{most[0]}H{most[1]}: > 0.1")
    assert gate.read("max first-token > 0.99").reason(quickstart_report) == ""
    mean = sum(scores.values()) / len(scores)
    assert gate.read(f"mean first-token <= {mean + 1e-9}").reason(quickstart_report)
    assert not gate.read(f"mean first-token < {mean - 1e-9}").reason(quickstart_report)
    supported = [
        head
        for head in quickstart_report.heads
        if head.roles["previous-token"].verdict == "supported"
    ]
    assert gate.read("count previous-token < 100").reason(quickstart_report) == (
        f"count previous-token is {len(supported)}: < 100"
    )
    with pytest.raises(UsageError, match="coreference could not be measured"):
        gate.read("max coreference > 0").reason(quickstart_report)


def test_the_report_is_written_all_the_same(
    tool: Tool, tiny: Path, text: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    gates = ["--fail-if", "max entropy > 0", "--fail-if", "min entropy < 0"]
    done = tool("report", tiny, text, "-o", out, "--illustrate", "0", *gates)
    assert done.code == 1
    assert "failed: max entropy is" in done.err
    assert "min entropy" not in done.err
    assert (out / "report.html").exists()
    assert tool("report", tiny, text, "-o", out, "--illustrate", "0", *gates[2:]).code == 0
    wrong = tool("report", tiny, text, "-o", tmp_path / "none", "--fail-if", "max entropie > 0")
    assert wrong.code == 2
    assert not (tmp_path / "none").exists()
