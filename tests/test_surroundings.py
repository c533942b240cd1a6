"""What the system may give a process or keep from it: streams, limits, folders, variables."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NoReturn

import pytest

from attnviz import surroundings
from attnviz.errors import AttnvizError, InputError
from attnviz.models import load
from tests.helpers.tool import ESCAPES, Outcome, Tool, content, environment, on_terminal

pytestmark = pytest.mark.slow

TOOL = f"{sys.executable} -m attnviz"
WRONG = f"{TOOL} report minilm absent.txt"


def shell(script: str, **variables: str) -> Outcome:
    """What a script of bash ends with."""
    run = ["bash", "-c", script]
    done = subprocess.run(
        run, env=environment(**variables), capture_output=True, text=True, check=False
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (f"{WRONG} 2>/dev/full", 3),
        (f"{WRONG} 2>&-", 3),
        (f"{WRONG} <&- >&- 2>&-", 3),
        (f"{WRONG} 2>&1 >/dev/null | true; exit ${{PIPESTATUS[0]}}", 3),
        (f"{TOOL} list models 2>&-", 0),
        (f"{TOOL} list models <&-", 0),
    ],
)
def test_an_answer_that_nobody_can_be_told_is_the_same_answer(script: str, code: int) -> None:
    assert shell(script).code == code


@pytest.mark.parametrize("more", ["", "--format json"])
def test_a_result_that_nobody_can_be_given_is_an_error(more: str) -> None:
    done = shell(f"{TOOL} list models {more} >&-")
    assert done.code == 4
    assert done.err.startswith("error: Standard output is closed.")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("more", ["", "--format json"])
def test_a_result_larger_than_a_file_may_be(tmp_path: Path, more: str, unbuffered: str) -> None:
    script = f"ulimit -f 1; {TOOL} list models {more} > {tmp_path / 'models'}"
    done = shell(script, PYTHONUNBUFFERED=unbuffered)
    assert done.code == 4
    assert "Standard output can't be written: File too large." in done.err


def test_too_few_addresses_for_the_libraries() -> None:
    done = shell(f"ulimit -v 150000; {TOOL} report minilm absent.txt")
    assert done.code == 3
    assert done.err.startswith("error: This process may take 146 MiB of memory addresses")
    assert "ulimit -v" in done.err


def test_a_folder_that_was_deleted(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    done = shell(f"mkdir {gone} && cd {gone} && rmdir {gone} && {WRONG}")
    assert done.code == 3
    assert done.err.startswith("error: The folder that this command runs in is gone")


@pytest.mark.parametrize("columns", ["0", "1", "-3", "³", "9" * 30, "wide"])
def test_a_terminal_of_no_width_is_none(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    surroundings.forget_odd_sizes()
    assert "COLUMNS" not in os.environ


def test_the_width_of_a_terminal_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "132")
    surroundings.forget_odd_sizes()
    assert os.environ["COLUMNS"] == "132"
    assert len(shell(f"{TOOL} list statistics", COLUMNS="0").out.splitlines()) > 10


def test_on_a_terminal_a_run_says_what_it_waits_for(tiny: Path) -> None:
    code, shown = on_terminal("report", tiny, "-", typed="\x04")
    assert code == 5
    assert "Reading the text from the terminal" in shown
    assert "error: No text in standard input." in ESCAPES.sub("", shown)


def test_closed_streams_are_opened_to_nowhere() -> None:
    script = (
        "from attnviz.surroundings import open_closed_streams as opens; import os; opens();"
        "print(os.open('/dev/zero', os.O_RDONLY) > 2, os.readlink('/proc/self/fd/2'))"
    )
    done = shell(f'{sys.executable} -c "{script}" <&- 2>&-')
    assert done.out == "True /dev/null\n"


def test_pictures_are_drawn_here_where_no_process_can_be_started(
    tool: Tool, tiny: Path, text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> NoReturn:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    common = ("report", tiny, text, "--resamples", "100", "--illustrate", "2")
    assert tool(*common, "-o", tmp_path / "one", "--jobs", "1").code == 0
    monkeypatch.setattr(ProcessPoolExecutor, "submit", refused)
    assert tool(*common, "-o", tmp_path / "other", "--jobs", "2").code == 0
    assert content(tmp_path / "one") == content(tmp_path / "other")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (MemoryError(), 3, "not enough memory"),
        (ImportError("libtorch.so: failed to map segment from shared object"), 3, "memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), 3, "memory"),
        (RuntimeError("can't start new thread"), 3, "threads"),
        (OSError(errno.EMFILE, "Too many open files"), 3, "Too many open files"),
        (OSError(errno.EAGAIN, "Resource temporarily unavailable"), 3, "processes"),
        (OSError(errno.ENOSPC, "No space left on device"), 4, "No space"),
        (OSError(errno.EFBIG, "File too large"), 4, "File too large"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), 4, "quota"),
    ],
)
def test_what_the_system_refuses_is_no_bug(error: Exception, code: int, said: str) -> None:
    told = surroundings.refusal(error)
    assert isinstance(told, AttnvizError)
    assert told.exit_code == code
    assert said in told.message
    assert told.hint


@pytest.mark.parametrize("error", [RuntimeError("x"), ImportError("no torch"), OSError(errno.EIO)])
def test_other_errors_are_left_alone(error: Exception) -> None:
    assert surroundings.refusal(error) is None


def test_an_environment_in_which_transformers_cannot_be_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "transformers.utils", None)
    with pytest.raises(InputError, match="transformers can't be loaded") as caught, load.quiet():
        pass
    assert "HF_" in caught.value.hint
