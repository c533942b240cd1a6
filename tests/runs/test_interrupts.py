"""Ctrl-C and SIGTERM at any moment: a clean end, and the earlier report as it was."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest

import attnviz
from attnviz import folder, signals
from attnviz.figures.gallery import draw_all
from attnviz.folder import beside, staging
from attnviz.progress import Silent
from tests.helpers.pictured import sentence
from tests.helpers.tool import Folder, Outcome, Tool, content, start

pytestmark = pytest.mark.slow

PATIENCE = 90.0
STAGES = (
    "starting",
    "reading text",
    "loading model",
    "measuring sentences",
    "probing induction",
    "weighing evidence",
    "drawing figures",
    "writing report",
)


@pytest.fixture(scope="module")
def out(tiny: Path, text: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds a report."""
    path = tmp_path_factory.mktemp("out") / "report"
    attnviz.analyze(tiny, text, illustrate=0, resamples=100).save(path)
    return path


@pytest.fixture
def earlier(out: Path) -> Iterator[Folder]:
    """What the folder holds, before and after the test."""
    before = content(out)
    yield before
    assert content(out) == before
    assert not list(out.glob(".*"))


@pytest.fixture
def _signals() -> Iterator[None]:
    """The handlers of the command line, in this process."""
    kept = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    hook = sys.unraisablehook
    signal.signal(signal.SIGINT, signal.default_int_handler)  # A background job may ignore it.
    signals.install()
    yield
    signals.settle()
    sys.unraisablehook = hook
    for number, handler in kept:
        signal.signal(number, handler)


def at(stage: str, monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]) -> None:
    """Does `action` when the stage begins."""
    real = Silent.stage

    def tricked(self: Silent, name: str, total: int | None = None) -> None:
        real(self, name, total)
        if name == stage:
            action()

    monkeypatch.setattr(Silent, "stage", tricked)


def swallowed(number: int) -> None:
    """A signal that comes where a library catches everything."""
    with suppress(BaseException):
        signal.raise_signal(number)


@pytest.mark.usefixtures("_signals", "earlier")
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
def test_a_signal_in_any_stage(
    tool: Tool,
    tiny: Path,
    text: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
    number: int,
    code: int,
) -> None:
    at(stage, monkeypatch, lambda: signal.raise_signal(number))
    done = tool("report", tiny, text, "-o", out, "--illustrate", "0", "--resamples", "100")
    assert done == Outcome(code, "", "error: Interrupted.\n")


@pytest.mark.usefixtures("_signals", "earlier")
def test_a_signal_that_a_library_swallows_is_heard_at_the_next_step(
    tool: Tool, tiny: Path, text: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at("measuring sentences", monkeypatch, lambda: swallowed(signal.SIGINT))
    done = tool("report", tiny, text, "-o", out, "--illustrate", "0", "--resamples", "100")
    assert done == Outcome(130, "", "error: Interrupted.\n")


SMALL = folder.Signature("test/1", frozenset({"report.json", "a"}))
MANIFEST = {"report.json": b'{"schema": "test/1", "figures": []}'}


@pytest.mark.usefixtures("_signals")
@pytest.mark.parametrize("whole", [True, False], ids=["beside", "inside"])
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_a_signal_around_the_step_that_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bool, late: bool
) -> None:
    """While files are written it undoes them; once the new report is shown it comes too late."""
    old, new = MANIFEST | {"a": b"old"}, MANIFEST | {"a": b"new"}
    out = tmp_path / "out"
    out.mkdir()
    for page, data in old.items():
        (out / page).write_bytes(data)
    home, name = (signals, "settle") if late else (staging, "fill")
    real = getattr(home, name)

    def interrupted(*arguments: object) -> None:
        signal.raise_signal(signal.SIGINT)  # Twice, even: an impatient user.
        signal.raise_signal(signal.SIGINT)
        real(*arguments)

    monkeypatch.setattr(home, name, interrupted)
    monkeypatch.setattr(beside, "possible", lambda _: whole)
    with nullcontext() if late else pytest.raises(KeyboardInterrupt):
        folder.write(out, new, SMALL)
    assert content(out) == (new if late else old)
    assert not list(tmp_path.rglob(".*"))


def of_session(leader: int) -> dict[int, bytes]:
    """The processes of a session that are still alive, and their commands."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, _, _, session = (entry / "stat").read_text().split(") ")[1].split()[:4]
            if int(session) == leader and state != "Z":
                found[int(entry.name)] = (entry / "cmdline").read_bytes()
    return found


def left_of_session(leader: int) -> dict[int, bytes]:
    """Those that are still alive after five seconds: who ends has closed its files before."""
    end = time.monotonic() + 5
    while (alive := of_session(leader)) and time.monotonic() < end:
        time.sleep(0.05)
    return alive


def imports_torch(pid: int) -> bool:
    return "libtorch_cpu" in Path(f"/proc/{pid}/maps").read_text()


def starts_workers(pid: int) -> bool:
    return sum(b"spawn_main" in command for command in of_session(pid).values()) == 2


@pytest.mark.usefixtures("_signals")
def test_a_process_that_is_being_started_is_started_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is left without what its parent was to tell it ends with a traceback."""
    started = []
    real = ProcessPoolExecutor.submit

    def submit(pool: ProcessPoolExecutor, *args: Any) -> Future[Any]:
        os.kill(os.getpid(), signal.SIGINT)
        future: Future[Any] = real(pool, *args)
        started.append(future)
        return future

    monkeypatch.setattr(ProcessPoolExecutor, "submit", submit)
    with pytest.raises(signals.Stopped):
        draw_all(None, [sentence(3)], jobs=2)
    assert started
    assert not multiprocessing.active_children()


@pytest.mark.usefixtures("earlier")
@pytest.mark.parametrize(
    ("moment", "number", "code"),
    [
        (imports_torch, signal.SIGINT, 130),
        (starts_workers, signal.SIGINT, 130),
        (starts_workers, signal.SIGTERM, 143),
    ],
)
def test_a_real_process_and_all_that_it_started_end(
    tiny: Path,
    text: Path,
    out: Path,
    moment: Callable[[int], bool],
    number: int,
    code: int,
) -> None:
    """As a terminal does it: the signal goes to the whole group, workers and all."""
    options = ("--illustrate", "3", "--resamples", "100", "--jobs", "2")
    running = start("report", tiny, text, "-o", out, *options)
    _wait_for(moment, running)
    os.killpg(running.pid, number)
    _, err = running.communicate(timeout=PATIENCE)
    assert (running.returncode, err.decode()) == (code, "error: Interrupted.\n")
    assert not left_of_session(running.pid)


@pytest.mark.usefixtures("earlier")
def test_processes_that_draw_end_with_one_that_is_killed(tiny: Path, text: Path, out: Path) -> None:
    options = ("--illustrate", "3", "--resamples", "100", "--jobs", "2")
    running = start("report", tiny, text, "-o", out, *options)
    _wait_for(starts_workers, running)
    os.kill(running.pid, signal.SIGKILL)
    # Whoever reads the output waits for all who could still write to it.
    running.communicate(timeout=PATIENCE / 3)
    assert running.returncode == -signal.SIGKILL
    assert not left_of_session(running.pid)


def _wait_for(moment: Callable[[int], bool], running: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while not moment(running.pid):
        assert running.poll() is None, "the run was over before the moment came"
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_killed_run_leaves_the_report_and_is_cleaned_up_after(
    tool: Tool, tiny: Path, text: Path, tmp_path: Path
) -> None:
    """What `kill -9` leaves can't be helped; the next run removes it."""
    options = ("-o", tmp_path / "out", "--illustrate", "0", "--resamples", "100")
    assert tool("report", tiny, text, *options).code == 0
    first = content(tmp_path / "out")
    left = tmp_path / "out" / ".attnviz-staging-00c0ffee" / "new"
    left.mkdir(parents=True)
    (left / "report.html").write_text("half a rep")
    assert tool("report", tiny, text, *options).code == 0
    assert content(tmp_path / "out") == first
    assert not left.exists()
