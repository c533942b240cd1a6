"""What a process depends on: standard streams, terminal size, memory, working folder."""

from __future__ import annotations

import errno
import io
import os
import re
import sys

from attnviz.errors import AttnvizError, InputError, WriteError

TYPE_CHECKING = False  # As typing's, without the time that importing typing takes.
if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO

_LEAST_SPACE = 2**30
"""Bytes of address space that Python, NumPy and torch take before any work."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_TOO_MANY_FILES = (errno.EMFILE, errno.ENFILE)
_NOT_MAPPED = re.compile("cannot allocate memory|failed to map segment", re.IGNORECASE)


def open_closed_streams() -> None:
    """Opens standard streams that the parent process closed, on the null device.

    Else the next file that is opened takes the stream's number, and what is written to standard
    error ends up in that file.
    """
    for number, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is taken, and those below are open by now.
            os.set_inheritable(os.open(os.devnull, mode), True)


def buffer_output() -> None:
    """Puts a buffer under standard output where PYTHONUNBUFFERED took it away.

    An unbuffered file may take only a part of what is written without an error.
    """
    stream = sys.stdout
    raw = getattr(stream, "buffer", None)
    if isinstance(raw, io.RawIOBase):
        # sys.__stdout__ keeps the old stream alive, or the file would be closed with it.
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(raw), stream.encoding, stream.errors, line_buffering=True
        )


def forget_odd_sizes() -> None:
    """Drops COLUMNS and LINES where they can't be a terminal's size, so that rich asks for it."""
    for name, least in (("COLUMNS", 20), ("LINES", 1)):
        text = os.environ.get(name, "")
        if not (re.fullmatch("[0-9]{1,4}", text) and int(text) >= least):
            os.environ.pop(name, None)


def abandon(*streams: IO[str] | None) -> None:
    """Points streams that can't be written to the null device, or the interpreter fails at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        try:
            if stream is not None:
                os.dup2(nowhere, stream.fileno())
        except (OSError, ValueError):  # no file at all, as in a test
            continue
    os.close(nowhere)


class Audience:
    """A text stream that ignores errors of writing: a lost message stops no run.

    Attributes that it doesn't have are those of the stream.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Writes `text`; drops it where nobody reads or the disk is full."""
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            abandon(self._stream)
            return len(text)

    def flush(self) -> None:
        """As `write`."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            abandon(self._stream)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def check_address_space() -> None:
    """Raises InputError where `ulimit -v` is too low for the libraries, which would crash."""
    try:
        import resource
    except ImportError:  # as on Windows
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < _LEAST_SPACE:
        raise InputError(
            f"This process may take {limit / 2**20:,.0f} MiB of memory addresses, and the "
            f"libraries alone take about {_LEAST_SPACE / 2**20:,.0f} MiB.",
            "Raise the limit: ulimit -v unlimited.",
        )


def working_folder() -> Path:
    """The working folder; InputError where it was deleted, on which libraries would crash."""
    from pathlib import Path

    try:
        return Path.cwd()
    except OSError as error:
        raise InputError(
            f"The folder that this command runs in is gone: {error.strerror}.",
            "Change to another folder, and run it again.",
        ) from error


def refusal(error: BaseException) -> AttnvizError | None:
    """Our error for one of the system's (memory, threads, space, files); None for others."""
    if isinstance(error, MemoryError) or (
        isinstance(error, ImportError | OSError) and _NOT_MAPPED.search(str(error))
    ):
        return InputError("There is not enough memory.", "Give a smaller text or a smaller model.")
    if isinstance(error, RuntimeError) and "can't start new thread" in str(error):
        return InputError("The system starts no more threads.", "Raise the limit: ulimit -u.")
    if not isinstance(error, OSError):
        return None
    if error.errno == errno.ENOSPC:
        return WriteError("No space is left on the device.", "Free some space.")
    if error.errno in _FULL:
        return WriteError(f"Too much was written: {error.strerror}.", "Raise the limit: ulimit -f.")
    if error.errno == errno.EAGAIN:
        return InputError(
            "The system starts no more processes.", "Draw in one: --jobs 1. Or raise ulimit -u."
        )
    if error.errno in _TOO_MANY_FILES:
        return InputError(f"{error.strerror}.", "Raise the limit: ulimit -n.")
    return None
