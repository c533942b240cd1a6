"""What a terminal shows while a run goes on, and what stays."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from attnviz.progress import Bar
from tests.rim.conftest import environment

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(
    *arguments: str | Path, interrupt_at: str = "", **variables: str
) -> tuple[int, str]:
    """Runs the tool on a terminal of its own; the code and all that was ever shown on it.

    `interrupt_at`: Ctrl-C is typed when this text appears.
    """
    controller, terminal = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-m", "attnviz", *map(str, arguments)],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment(**({"TERM": "xterm-256color", "COLUMNS": "80"} | variables)),
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    os.close(terminal)
    shown = b""
    while True:
        try:
            shown += os.read(controller, 65536)
        except OSError:  # the other end is closed
            break
        if interrupt_at and interrupt_at.encode() in shown:
            os.kill(running.pid, signal.SIGINT)
            interrupt_at = ""
    os.close(controller)
    return running.wait(timeout=60), shown.decode()


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
