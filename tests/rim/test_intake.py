"""What a run takes in: names of files, sentences that can't be measured, numbers asked for."""

from __future__ import annotations

import pytest

from attnviz import intake
from attnviz.errors import UsageError
from attnviz.text.types import Sentence, SourceFile, TokenLabel, Tokens


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
    assert [one.name for one in intake.named([file(name) for name in given])] == shown


def tokens(number: int) -> Tokens:
    label = TokenLabel("word")
    return Tokens(Sentence(number, "word"), (7,), ("word",), ("word",), (label,), ("",), (0,))


def test_a_sentence_to_illustrate_must_be_there() -> None:
    kept = [tokens(1), tokens(3)]
    intake.check_illustrated((1, 3), kept)
    with pytest.raises(UsageError, match="no sentence 2") as error:
        intake.check_illustrated((1, 2), kept)
    assert error.value.hint == "Sentences count from 1 to 3."
