"""Texts that can't be used: a message, a hint, the exit code, and nothing written."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from attnviz.text import word_splitter
from tests.conftest import SAMPLES
from tests.helpers.tool import Tool

pytestmark = pytest.mark.slow


def _missing(path: Path) -> None:
    assert not path.exists()


def _enormous(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**40)  # a sparse file: a tebibyte that takes no space


CASES: dict[str, tuple[Callable[[Path], object], int, str, str]] = {
    "missing": (_missing, 3, "There is no file", "Check the name"),
    "empty": (lambda path: path.touch(), 5, "No text in", "at least one sentence"),
    "only blank lines": (lambda path: path.write_text("\n \t\n\n"), 5, "No text in", "sentence"),
    "binary": (lambda path: path.write_bytes(b"ELF\0\1\2"), 3, "NUL byte at offset 3", "UTF-8"),
    "a PDF": (lambda path: path.write_bytes(b"%PDF-1.7 ..."), 3, "it is a PDF", "Extract"),
    "Latin-1": (lambda path: path.write_bytes(b"caf\xe9 noir"), 3, "not in UTF-8", "iconv"),
    "UTF-16": (lambda path: path.write_text("a", encoding="utf-16"), 3, "in UTF-16", "iconv"),
    "a folder": (lambda path: path.mkdir(), 3, "is a folder", "It holds no files"),
    "CSV": (lambda path: path.write_text("id,text\n1,The dog sat.\n"), 3, "a table", "csv.reader"),
    "JSON Lines": (
        lambda path: path.write_text('{"text": "The dog sat."}\n'),
        3,
        "JSON Lines",
        "jq -r",
    ),
    "enormous": (_enormous, 3, "too large", "head -n 5000"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_text_that_cant_be_used(tool: Tool, tiny: Path, tmp_path: Path, case: str) -> None:
    make, code, message, hint = CASES[case]
    path = tmp_path / "text.txt"
    make(path)
    done = tool("report", tiny, path, "-o", tmp_path / "out")
    assert done.code == code
    assert message in done.err.splitlines()[0]
    assert hint in done.err.splitlines()[1]
    assert "Traceback" not in done.err
    assert done.out == ""
    assert not (tmp_path / "out").exists()


def test_a_text_that_may_not_be_read(
    tool: Tool, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read everything, so that the refusal has to be played."""
    path = tmp_path / "secret.txt"
    path.write_text("The dog sat.")
    path.chmod(0)
    if os.access(path, os.R_OK):
        opened = Path.open

        def refused(self: Path, *arguments: object, **named: object) -> object:
            if self == path:
                raise PermissionError(13, "Permission denied", str(path))
            return opened(self, *arguments, **named)  # type: ignore[call-overload]

        monkeypatch.setattr(Path, "open", refused)
    done = tool("report", tiny, path, "-o", tmp_path / "out")
    assert done.code == 3
    assert "permission denied" in done.err
    assert "chmod u+r" in done.err
    assert not (tmp_path / "out").exists()


def test_a_text_in_place_of_a_file(tool: Tool, tiny: Path) -> None:
    piped = f"echo 'The dog sat on the mat' | attnviz report {tiny} -"
    done = tool("report", tiny, "The dog sat on the mat")
    assert done.code == 3
    assert done.err.splitlines() == [
        "error: There is no file The dog sat on the mat.",
        f"hint: If that is the text itself: {piped}",
    ]


def test_words_without_a_content_token(tool: Tool, tiny: Path, tmp_path: Path) -> None:
    path = tmp_path / "special.txt"
    path.write_text("\u200b\n")  # a space of no width, which the tokenizer drops
    done = tool("report", tiny, path, "--format", "json")
    assert done.code == 5
    assert "hint: Give a text with words in it." in done.err


def test_what_looks_like_markup_is_printed_as_it_is(tool: Tool, tiny: Path) -> None:
    done = tool("report", tiny, "[red]no[/red] [/INST].txt")
    assert done.code == 3
    assert "There is no file [red]no[/red] [/INST].txt." in done.err
    for arguments in (("x", "--split", "[/INST]"), ("x", "--[/INST]"), ("x", "--seed", "[/INST]")):
        done = tool("report", tiny, *arguments)
        assert done.code == 2
        assert "[/INST]" in done.err or "--seed" in done.err


def test_escape_codes_in_names_dont_reach_the_terminal(tool: Tool, tiny: Path) -> None:
    for arguments in (
        (tiny, "\x1b[31mred.txt"),
        ("\x1b]0;title\x07", "x"),
        (tiny, "x", "--split", "\x1b[5m"),
        (tiny, "x", "--\x1b[5m"),
    ):
        done = tool("report", *arguments)
        assert done.code in (2, 3)
        assert "\x1b" not in done.err
        assert "\x07" not in done.err


def test_a_treebank_on_standard_input(
    tool: Tool, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = (SAMPLES / "annotated.conllu").read_bytes().split(b"\n\n")[:6]
    for flags in ((), ("--input-format", "conllu")):
        stdin = io.TextIOWrapper(io.BytesIO(b"\n\n".join(sample) + b"\n\n"), "utf-8")
        monkeypatch.setattr(sys, "stdin", stdin)
        done = tool(
            "report", tiny, "-", *flags, "--format", "json", "--illustrate", "0",
            "--resamples", "100",
        )  # fmt: skip
        assert done.code == 0, done.err
        told = json.loads(done.out)
        assert len(told["sentences"]) == 6
        assert not any("#" in one["text"] for one in told["sentences"])
        assert told["options"]["input_format"] == (flags or ("", "auto"))[1]


def test_a_lack_of_a_dictionary_is_told(
    tool: Tool, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(word_splitter, "_dictionary", lambda _: None)
    text = tmp_path / "thai.txt"
    text.write_text("ผมชอบกินข้าว the dog\n", "utf-8")
    done = tool("report", tiny, text, "--format", "json", "--illustrate", "0", "--resamples", "100")
    assert done.code == 0, done.err
    (warning,) = [one for one in json.loads(done.out)["warnings"] if "ICU" in one]
    assert "The words of Thai text can't be told apart without ICU" in warning
    assert 'pip install "attnviz[icu]"' in warning
