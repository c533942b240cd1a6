"""A tiny model, a text, and ways to run the tool: in this process, in another, on a terminal."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from attnviz import cli, console
from tests.helpers.models import write_model

Folder = dict[str, bytes]
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    """How a run of the tool ended."""

    code: int
    out: str
    err: str


Tool = Callable[..., Outcome]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers with two heads each, as a model folder."""
    return write_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("texts") / "animals.txt"
    path.write_text("The dog sat on the mat.\nA cat saw the bird.\nThen it ran by the tree!\n")
    return path


@pytest.fixture(autouse=True)
def _colours_as_before() -> Iterator[None]:
    yield
    console.set_colour("auto")


@pytest.fixture
def tool(capfdbinary: pytest.CaptureFixture[bytes]) -> Tool:
    """Runs a command line in this process: fast, because torch is imported only once."""

    def run(*arguments: str | Path) -> Outcome:
        capfdbinary.readouterr()
        code = cli.run([str(argument) for argument in arguments])
        out, err = capfdbinary.readouterr()
        return Outcome(code, out.decode(), err.decode())

    return run


def environment(**more: str) -> dict[str, str]:
    """The environment of a process of its own: nothing of ours or the terminal's but `more`."""
    ours = ("ATTNVIZ_", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM", "GITHUB_ACTIONS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(_ROOT)} | more


def start(
    *arguments: str | Path, cwd: Path | None = None, **variables: str
) -> subprocess.Popen[bytes]:
    """Starts the tool as a process in a session of its own, that hears Ctrl-C."""
    return subprocess.Popen(
        [sys.executable, "-m", "attnviz", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(**variables),
        cwd=cwd,
        start_new_session=True,
        # A background job may be started with Ctrl-C ignored, and would hand that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )


def process(*arguments: str | Path, cwd: Path | None = None, **variables: str) -> Outcome:
    """Runs the tool as a process of its own."""
    with start(*arguments, cwd=cwd, **variables) as running:
        out, err = running.communicate(timeout=120)
    return Outcome(running.returncode, out.decode(), err.decode())


def content(folder: Path) -> Folder:
    """Every file below `folder`, links not followed: path -> bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if not path.is_dir()
    }


ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(
    *arguments: str | Path, interrupt_at: str = "", typed: str = "", **variables: str
) -> tuple[int, str]:
    """Runs the tool on a terminal of its own; the code and all that was ever shown on it.

    `typed` is typed at once, Ctrl-C when the text `interrupt_at` appears.
    """
    controller, terminal = pty.openpty()
    os.write(controller, typed.encode())
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
