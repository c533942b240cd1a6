"""The files that a command line names, or the sentence that it holds."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from attnviz.console import tell
from attnviz.errors import UsageError

if TYPE_CHECKING:
    from attnviz.text.types import SourceFile


def read_inputs(
    model: str, texts: Sequence[str], target: str, *, quiet: bool
) -> tuple[Sequence[SourceFile], SourceFile | None]:
    """The files of the text, and the one that a decoder reads; None where there is none.

    Says what a run waits for that reads from a keyboard; no prompt, for there is no answer.
    """
    from attnviz.text.files import read

    _hear(texts, target, quiet=quiet)
    stdin = sys.stdin.buffer if sys.stdin else None
    files = read(texts, stdin, command=f"attnviz report {shlex.quote(model)}")
    return files, read([target], stdin)[0] if target else None


def read_sentence(
    model: str, text: str, target: str, *, quiet: bool
) -> tuple[SourceFile, SourceFile | None]:
    """The file that holds the text, and the one that a decoder reads; None where there is none.

    What names no file and doesn't look as if it did is the sentence itself.
    """
    from attnviz.text import literal
    from attnviz.text.files import read

    _hear([text], target, quiet=quiet)
    stdin = sys.stdin.buffer if sys.stdin else None
    command = f"attnviz draw {shlex.quote(model)}"

    def one(argument: str) -> SourceFile:
        if literal.names_file(argument):
            return read([argument], stdin, command=command)[0]
        return literal.sentence(argument)

    return one(text), one(target) if target else None


def _hear(texts: Sequence[str], target: str, *, quiet: bool) -> None:
    """Refuses to read standard input twice, and says what a run waits for."""
    from attnviz.text.files import STDIN

    if target == STDIN and STDIN in texts:
        raise UsageError(
            "Standard input (-) is both TEXT and --target.", "Name a file for one of them."
        )
    if STDIN in (*texts, target) and not quiet and sys.stdin is not None and sys.stdin.isatty():
        tell("Reading the text from the terminal: a sentence a line, Ctrl-D at the end.")
