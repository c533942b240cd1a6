"""A sentence on the command line is told from a file's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from attnviz.text.literal import names_file, sentence


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("The cat sat.", False),
        ("Hello", False),
        ("他来了。", False),
        ("either/or is one.", False),
        ("3.14", False),
        ("I read notes.txt", False),
        ("nul\0byte", False),
        ("cat " * 100, False),
        ("-", True),
        ("", False),
        ("notes.txt", True),
        ("bank.conllu", True),
        ("texts/notes", True),
        ("/etc/hosts", True),
    ],
)
def test_what_is_a_sentence_and_what_a_file(text: str, file: bool) -> None:
    assert names_file(text) == file


def test_a_file_that_is_there_is_one_whatever_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my notes").touch()
    assert names_file("my notes")


def test_a_sentence_is_one_line() -> None:
    assert sentence("The cat\nsat.\r\n").text == "The cat sat.  \n"
