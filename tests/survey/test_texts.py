"""The sentences of a run: names of files."""

from __future__ import annotations

import pytest

from attnviz.survey.texts import named
from attnviz.text.types import SourceFile


def file(name: str) -> SourceFile:
    return SourceFile(name, "0" * 64, "A text.")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (["/home/me/a.txt"], ["a.txt"]),
        (["x/a.txt", "y/b.txt"], ["a.txt", "b.txt"]),
        (["x/a.txt", "y/a.txt"], ["x/a.txt", "y/a.txt"]),
        (["z/x/a.txt", "y/a.txt", "y/b.txt"], ["x/a.txt", "y/a.txt", "y/b.txt"]),
        (["a.txt", "a.txt"], ["a.txt", "a.txt"]),
        (["-"], ["-"]),
    ],
)
def test_files_have_the_shortest_names_that_tell_them_apart(
    given: list[str], shown: list[str]
) -> None:
    assert [each.name for each in named([file(name) for name in given])] == shown
