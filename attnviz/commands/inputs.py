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
    model: str, texts: Sequence[str], target: str, *, quiet: bool
) -> tuple[Sequence[SourceFile], SourceFile | None]:
    """The files of the text, and the one that a decoder reads; None where there is none.

    Says what a run waits for that reads from a keyboard; no prompt, for there is no answer.
    """
    from attnviz.text.files import STDIN, read

    if target == STDIN and STDIN in texts:
        raise UsageError(
            "Standard input (-) is both TEXT and --target.", "Name a file for one of them."
        )
    if STDIN in (*texts, target) and not quiet and sys.stdin is not None and sys.stdin.isatty():
        tell("Reading the text from the terminal: a sentence a line, Ctrl-D at the end.")
    stdin = sys.stdin.buffer if sys.stdin else None
    files = read(texts, stdin, command=f"attnviz report {shlex.quote(model)}")
    return files, read([target], stdin)[0] if target else None
