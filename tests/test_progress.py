"""What a terminal shows while a run goes on, and what stays."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NoReturn

import pytest
from rich.console import Console

from attnviz.console import tell_step
from attnviz.progress import Bar, Log, Step
from tests.helpers.tool import ESCAPES, Tool, on_terminal

pytestmark = pytest.mark.slow


def what_stays(shown: str) -> str:
    """The lines that are left when everything that was erased is gone."""
    lines: list[str] = [""]
    for part in re.split(r"(\x1b\[[0-9;?]*[A-Za-z]|\r|\n)", shown):
        if part == "\n":
            lines.append("")
        elif part == "\x1b[2K":
            lines[-1] = ""
        elif part == "\x1b[1A":
            lines.pop()
        elif part and part[0] not in "\x1b\r":
            lines[-1] += part
    return "\n".join(line.rstrip() for line in lines).strip()


def test_stages_come_and_go_and_the_table_stays(tiny: Path, text: Path, tmp_path: Path) -> None:
    code, shown = on_terminal(
        "report", tiny, text, "-o", tmp_path, "--illustrate", "0", "--resamples", "100"
    )
    assert code == 0
    plain = ESCAPES.sub("", shown)
    for stage in ("starting", "loading model", "measuring sentences", "drawing figures"):
        assert stage in plain
    assert re.search(r"drawing figures +━+.* \d/\d", plain)
    assert "\x1b[?25l" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")  # the cursor is back
    left = what_stays(shown)
    assert left.startswith("tiny: 2 layers of 2 heads, 3 sentences")
    assert left.endswith(str(tmp_path / "report.html"))
    assert "starting" not in left


def test_after_an_interrupt_only_one_line_stays(tiny: Path, text: Path, tmp_path: Path) -> None:
    code, shown = on_terminal("report", tiny, text, "-o", tmp_path / "out", interrupt_at="starting")
    assert code == 130
    assert what_stays(shown) == "error: Interrupted."
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
    assert not (tmp_path / "out").exists()


def test_a_dumb_terminal_sees_no_progress() -> None:
    code, shown = on_terminal("list", "models", TERM="dumb")
    assert code == 0
    assert "\x1b" not in shown


def lines(bar_of: Console, *, finished: bool) -> str:
    """The progress lines after two stages, the second one half done."""
    bar = Bar(bar_of)
    bar.stage("loading model")
    bar.stage("measuring sentences", 4)
    bar.advance(2)
    if finished:
        bar.advance(2)
        bar.stage("writing report")
    with bar_of.capture() as shown:
        bar_of.print(bar._lines.get_renderable())
    return shown.get()


def test_counts_where_steps_can_be_counted() -> None:
    console = Console(force_terminal=True, width=80, color_system=None)
    half = lines(console, finished=False).splitlines()
    assert re.fullmatch(r"✓ loading model +0:00 *", half[0])
    assert re.search(r"measuring sentences ━+.* 2/4", half[1])
    done = lines(console, finished=True).splitlines()
    assert re.fullmatch(r"✓ measuring sentences +4/4, 0:00 *", done[1])


def test_a_log_tells_a_stage_at_both_ends_and_every_ten_seconds() -> None:
    told: list[Step] = []
    clock = iter([100.0, 104.0, 109.0, 112.0, 121.0, 123.0, 124.0])
    with Log(told.append, lambda: next(clock)) as log:
        log.stage("measuring", 40)
        for _ in range(3):  # after 4, 9 and 12 seconds
            log.advance(10)
        log.advance(5)  # 9 seconds after the last line
        log.stage("weighing")
    assert [(step.event, step.stage, step.done, step.total) for step in told] == [
        ("begin", "measuring", 0, 40),
        ("progress", "measuring", 30, 40),
        ("end", "measuring", 35, 40),
        ("begin", "weighing", None, None),
        ("end", "weighing", None, None),
    ]
    assert [step.seconds for step in told] == [0, 12, 23, 0, 1]


def test_a_stage_that_is_broken_off_has_no_end() -> None:
    told: list[Step] = []

    def broken_off() -> NoReturn:
        with Log(told.append) as log:
            log.stage("measuring", 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken_off()
    assert [step.event for step in told] == ["begin"]


def test_lines_of_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    for step in (
        Step("begin", "measuring", 0, 40, 0.0),
        Step("progress", "measuring", 30, 40, 12.04),
        Step("end", "measuring", 40, 40, 15.5),
        Step("end", "weighing", None, None, 0.0),
    ):
        tell_step(step)
    assert capsys.readouterr().err.splitlines() == [
        "measuring ...",
        "measuring: 30 of 40 after 12.0 s",
        "measuring: 40 of 40 done in 15.5 s",
        "weighing: done in 0.0 s",
    ]


RUN = ("--format", "markdown", "--resamples", "100", "--illustrate", "0")


def test_verbose_tells_the_stages_where_nobody_watches(tool: Tool, tiny: Path, text: Path) -> None:
    err = tool("report", tiny, text, *RUN, "-v").err
    assert err.startswith("starting ...\nstarting: done in ")
    assert re.search(r"\nmeasuring sentences \.\.\.\n.*: 3 of 3 done in \d\.\d s\n", err)
    assert tool("report", tiny, text, *RUN, "-v", "-q").err == ""


def test_a_log_for_machines(tool: Tool, tiny: Path, text: Path) -> None:
    done = tool("report", tiny, text, *RUN, "--log", "json")
    lines = [json.loads(line) for line in done.err.splitlines()]
    assert done.out.startswith("# ")
    assert all(line["time"] and line["event"] for line in lines)
    steps = [line for line in lines if "stage" in line]
    measured = [line for line in steps if line["stage"] == "measuring sentences"]
    assert [(line["event"], line["done"], line["total"]) for line in measured] == [
        ("begin", 0, 3),
        ("end", 3, 3),
    ]
    assert all(line["seconds"] >= 0 for line in steps)
    assert any(line["event"] == "warning" and "3 sentences" in line["message"] for line in lines)
    assert tool("report", tiny, text, *RUN, "--log", "json", "-q").err == ""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["report", "m", "t", "--spilt", "--log", "json"], 2),
        (["report", "--log=json"], 2),
        (["report", "m", "t", "--log", "json", "--seed", "x"], 2),
        (["report", "minilm", "absent.txt", "--log", "json"], 3),
    ],
)
def test_errors_in_a_log_for_machines(tool: Tool, arguments: list[str], code: int) -> None:
    done = tool(*arguments)
    (line,) = map(json.loads, done.err.splitlines())
    assert (done.code, line["event"], line["exit_code"]) == (code, "error", code)
    assert line["message"]
    assert line["hint"]


def test_a_bug_in_a_log_for_machines(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("attnviz.commands.report.resolve", broken)
    (line,) = map(json.loads, tool("report", "m", "t", "--log", "json").err.splitlines())
    assert line["exit_code"] == 70
    assert "ZeroDivisionError" in line["traceback"]
