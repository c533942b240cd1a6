"""What libraries remark stays off standard error, and is harmless where it is asked for."""

from __future__ import annotations

import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from attnviz import remarks
from tests.helpers.tool import environment, process

pytestmark = pytest.mark.slow

NOISY = """
import logging, sys, warnings
library = logging.getLogger("library")
library.addHandler(logging.StreamHandler())
library.propagate = False
from attnviz import remarks
remarks.route({tell})
warnings.warn("careful")
library.warning("own handler")
logging.getLogger("other").warning("%s of the root", "handler")
logging.getLogger("other").info("not even asked for")
"""


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    shown, handlers = warnings.showwarning, logging.getLogger().handlers[:]
    yield
    warnings.showwarning = shown
    logging.getLogger().handlers[:] = handlers


def noisy(tell: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", NOISY.format(tell=tell)],
        capture_output=True,
        text=True,
        check=True,
        env=environment(**variables),
    )


def test_remarks_are_dropped_or_told() -> None:
    assert noisy("").stderr == ""
    told = noisy("print")
    assert told.stderr == ""
    assert told.stdout.splitlines() == [
        "UserWarning: careful",
        "library: own handler",
        "other: handler of the root",
    ]


def test_what_python_is_told_of_warnings_holds() -> None:
    assert "UserWarning: careful" in noisy("", PYTHONWARNINGS="always").stderr


def test_the_last_route_counts() -> None:
    told: list[str] = []
    remarks.route(told.append)
    remarks.route(told.append)
    logging.getLogger("library").warning("once")
    remarks.route()
    logging.getLogger("library").warning("not heard")
    assert told == ["library: once"]


def test_a_run_is_quiet_unless_asked(tiny: Path, text: Path, tmp_path: Path) -> None:
    """matplotlib logs a warning where it can't keep its cache."""
    nowhere = f"{text}/\x1b[31m"
    arguments = (
        "report",
        tiny,
        text,
        "--illustrate",
        "0",
        "--resamples",
        "100",
        "--kernel",
        "tiles",
        "-o",
    )
    done = process(*arguments, tmp_path / "quiet", MPLCONFIGDIR=nowhere)
    assert (done.code, done.err) == (0, "")
    done = process(*arguments, tmp_path / "loud", "-v", MPLCONFIGDIR=nowhere)
    assert done.code == 0
    assert "library: matplotlib: " in done.err
    assert "<U+001B>[31m" in done.err
    assert "\x1b" not in done.err
