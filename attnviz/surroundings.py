"""What the system gives a process, or keeps from it: streams, memory, a folder to be in."""

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
"""Bytes of addresses that Python, NumPy and torch take before any work."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_TOO_MANY_FILES = (errno.EMFILE, errno.ENFILE)
_NOT_MAPPED = re.compile("cannot allocate memory|failed to map segment", re.IGNORECASE)


def open_closed_streams() -> None:
    """Points standard streams that the parent process closed nowhere.

    Else the next file that is opened takes such a stream's number, and what a library or another
    process writes to standard error ends up in that file.
    """
    for number, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is taken, and those below are open by now.
            os.set_inheritable(os.open(os.devnull, mode), True)


def buffer_output() -> None:
    """Puts a buffer under standard output where PYTHONUNBUFFERED took it away, as containers do.

    A file without one may take a part of what is written and report no error: half a result.
    """
    stream = sys.stdout
    raw = getattr(stream, "buffer", None)
    if isinstance(raw, io.RawIOBase):
        # The stream as it was lives on as sys.__stdout__, or the file would be closed with it.
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(raw), stream.encoding, stream.errors, line_buffering=True
        )


def forget_odd_sizes() -> None:
    """Leaves the size of the terminal to the terminal where COLUMNS or LINES can't be one.

    In no column at all nothing would be shown, and in one nothing that could be read.
    """
    for name, least in (("COLUMNS", 20), ("LINES", 1)):
        text = os.environ.get(name, "")
        if not (re.fullmatch("[0-9]{1,4}", text) and int(text) >= least):
            os.environ.pop(name, None)


def abandon(*streams: IO[str] | None) -> None:
    """Points streams that can't be written to nowhere, or the interpreter complains as it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        try:
            if stream is not None:
                os.dup2(nowhere, stream.fileno())
        except (OSError, ValueError):  # no file at all, as in a test
            continue
    os.close(nowhere)


class Audience:
    """A stream that is written to while somebody reads it: messages that can't be told stop no run.

    A text file as far as rich asks; what it doesn't have is the stream's.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Writes, unless nobody reads or there is no room."""
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
    """Raises InputError where `ulimit -v` leaves no room for the libraries.

    They would end the process themselves, each in its own way.
    """
    try:
        import resource
    except ImportError:  # as on Windows
        return
    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    if most != resource.RLIM_INFINITY and most < _LEAST_SPACE:
        raise InputError(
            f"This process may take {most / 2**20:,.0f} MiB of memory addresses, and the libraries "
            f"alone take about {_LEAST_SPACE / 2**20:,.0f} MiB.",
            "Raise the limit: ulimit -v unlimited.",
        )


def working_folder() -> Path:
    """The folder that the process is in; InputError where it was deleted.

    Libraries look for it as they are loaded, and end the process where they find none.
    """
    from pathlib import Path

    try:
        return Path.cwd()
    except OSError as error:
        raise InputError(
            f"The folder that this command runs in is gone: {error.strerror}.",
            "Change to another folder, and run it again.",
        ) from error


def refusal(error: BaseException) -> AttnvizError | None:
    """The error in our own words where the system refused something; None where it didn't."""
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
