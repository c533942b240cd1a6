"""Huge and odd inputs are read in time that grows with them, or refused before they fill memory."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from attnviz.errors import InputError, NothingToAnalyseError
from attnviz.text.files import read
from attnviz.text.split import sentences
from tests.helpers.texts import text_file

pytestmark = pytest.mark.slow


def test_a_line_of_megabytes_and_a_million_empty_ones() -> None:
    started = time.process_time()
    text = "\n" * 1_000_000 + "x" * 2_000_000 + "\nthe dog sat. " + "on the mat " * 200_000
    long, words = sentences([text_file(text)], "line")
    assert (long.line, len(long.text)) == (1_000_001, 2_000_000)
    assert (words.line, len(words.text)) == (1_000_002, 13 + 2_200_000 - 1)
    assert time.process_time() - started < 30  # seconds; it takes one


def test_a_million_empty_lines_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "empty.txt"
    path.write_text("\n" * 1_000_000)
    with pytest.raises(NothingToAnalyseError):
        read([path], None)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no /dev/zero")
def test_endless_nuls_are_refused_at_the_first() -> None:
    with pytest.raises(InputError, match="NUL byte at offset 0"):
        read(["/dev/zero"], None)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_an_endless_pipe_is_given_up_at_the_limit(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    written = 0

    def pour() -> None:
        nonlocal written
        with pipe.open("wb", buffering=0) as stream:
            try:
                while True:
                    written += stream.write(b"the dog sat.\n" * 1000) or 0
            except BrokenPipeError:
                return

    pouring = threading.Thread(target=pour)
    pouring.start()
    with pytest.raises(InputError, match="more than 2 MiB"):
        read([pipe], None, max_bytes=2 * 2**20)
    pouring.join(timeout=60)
    assert not pouring.is_alive()
    assert written < 4 * 2**20


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a" * 255, "a" * 255),
        ("b" * 300, "too long"),
        ("x\udcff\udc80\x1b", "x<U+DCFF><U+DC80><U+001B>"),
        ("\u202etxt.exe", "<U+202E>txt.exe"),
    ],
)
def test_names_of_files_are_shown(tmp_path: Path, name: str, shown: str) -> None:
    try:
        (tmp_path / name).write_text("The dog sat.", encoding="utf-8")
    except (OSError, UnicodeEncodeError):  # no file system takes the long name, some no such bytes
        with pytest.raises(InputError) as caught:
            read([tmp_path / name], None)
        assert caught.value.message.startswith(("There is no file", f"{tmp_path}"))
        return
    (file,) = read([tmp_path / name], None)
    assert file.name.endswith(shown)
