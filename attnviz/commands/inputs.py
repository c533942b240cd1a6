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
    model: str, texts: Sequence[str], target: str, labels: str, *, quiet: bool
) -> tuple[Sequence[SourceFile], SourceFile | None, SourceFile | None]:
    """The files of the text, the one that a decoder reads, and that of labels; None for none.

    Says what a run waits for that reads from a keyboard; no prompt, for there is no answer.
    """
    from attnviz.text.files import read

    hear(texts, target, labels, quiet=quiet)
    stdin = sys.stdin.buffer if sys.stdin else None
    files = read(texts, stdin, command=f"attnviz report {shlex.quote(model)}")
    others = [read([name], stdin)[0] if name else None for name in (target, labels)]
    return files, others[0], others[1]


def read_sentence(
    model: str, text: str, target: str, *, quiet: bool
) -> tuple[SourceFile, SourceFile | None]:
    """The file that holds the text, and the one that a decoder reads; None where there is none.

    What names no file and doesn't look as if it did is the sentence itself.
    """
    from attnviz.text import literal
    from attnviz.text.files import read

    hear([text], target, quiet=quiet)
    stdin = sys.stdin.buffer if sys.stdin else None
    command = f"attnviz draw {shlex.quote(model)}"

    def opened(argument: str) -> SourceFile:
        if literal.names_file(argument):
            return read([argument], stdin, command=command)[0]
        return literal.sentence(argument)

    return opened(text), opened(target) if target else None


def hear(texts: Sequence[str], target: str, labels: str = "", *, quiet: bool) -> None:
    """Refuses to read standard input twice, and says what a run waits for."""
    from attnviz.text.files import STDIN

    named = (("TEXT", texts), ("--target", [target]), ("--labels", [labels]))
    if len(both := [name for name, files in named if STDIN in files]) > 1:
        raise UsageError(
            f"Standard input (-) is both {both[0]} and {both[1]}.", "Name a file for one of them."
        )
    reads_stdin = any(STDIN in files for _, files in named)
    if reads_stdin and not quiet and sys.stdin is not None and sys.stdin.isatty():
        tell("Reading the text from the terminal: a sentence a line, Ctrl-D at the end.")
