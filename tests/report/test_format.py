"""What holds for every format that the registry finds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from attnviz.errors import UsageError
from attnviz.report.format import files, find, formats
from tests.helpers import example

if TYPE_CHECKING:
    from collections.abc import Callable

    from attnviz.report.model import Report

pytestmark = pytest.mark.slow

FORMATS = sorted(formats())
ROOT = Path(__file__).resolve().parents[2]


def test_the_formats_of_the_design_are_found() -> None:
    assert {"html", "json", "markdown"} <= set(FORMATS)


def test_an_unknown_format_lists_the_choices() -> None:
    with pytest.raises(UsageError, match="'pdf'") as caught:
        find("pdf")
    assert "markdown" in caught.value.hint


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("hostile", [False, True])
@pytest.mark.parametrize("make", [example.report, example.translation, example.document])
def test_a_format_makes_clean_utf8_and_the_same_bytes_twice(
    make: Callable[..., Report], name: str, hostile: bool
) -> None:
    form, made = find(name), make(hostile=hostile)
    first = form.write(made, example.pictures(made))
    text = first.decode()
    assert text.endswith("\n")
    assert not set(text) & {chr(code) for code in range(32) if chr(code) != "\n"}
    assert not set(text) & set("\x7f\x85\u2028\u2029\u202e\ufeff")
    again = make(hostile=hostile)
    assert form.write(again, example.pictures(again)) == first
    assert form.about.endswith(".")


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_copes_with_nothing_to_say(name: str) -> None:
    assert find(name).write(example.bare(), ())


def test_the_folder_holds_every_format_and_both_files_of_every_figure() -> None:
    made = example.report()
    pictures = example.pictures(made)
    folder = files(made, pictures)
    assert {"report.html", "report.json", "report.md"} <= set(folder)
    assert folder["figures/role-map.png"].startswith(b"\x89PNG")
    assert folder["figures/s002/heads.svg"].startswith(b"<svg")
    assert len(folder) == len(FORMATS) + 2 * len(pictures)
    assert not any(path.startswith("/") or ".." in path for path in folder)


def test_bytes_do_not_depend_on_the_hash_seed() -> None:
    code = (
        "import hashlib; from tests.helpers import example;"
        "from attnviz.report.format import files;"
        "made = example.report(hostile=True); found = files(made, example.pictures(made));"
        "print([(n, hashlib.sha256(b).hexdigest()) for n, b in found.items()])"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1
