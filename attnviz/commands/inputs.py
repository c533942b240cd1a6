"""The files that a command line names."""

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
    from attnviz.text.files import STDIN, read

    named = (("TEXT", texts), ("--target", [target]), ("--labels", [labels]))
    if len(both := [name for name, files in named if STDIN in files]) > 1:
        raise UsageError(
            f"Standard input (-) is both {both[0]} and {both[1]}.", "Name a file for one of them."
        )
    reads_stdin = any(STDIN in files for _, files in named)
    if reads_stdin and not quiet and sys.stdin is not None and sys.stdin.isatty():
        tell("Reading the text from the terminal: a sentence a line, Ctrl-D at the end.")
    stdin = sys.stdin.buffer if sys.stdin else None
    files = read(texts, stdin, command=f"attnviz report {shlex.quote(model)}")
    others = [read([name], stdin)[0] if name else None for name in (target, labels)]
    return files, others[0], others[1]
