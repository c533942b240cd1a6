"""The errors that a user can act on, and the exit codes they stand for."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of the command line; they are part of its contract."""

    OK = 0
    CHECK_FAILED = 1
    USAGE = 2
    INPUT = 3
    CANNOT_WRITE = 4
    NOTHING_TO_ANALYSE = 5
    BUG = 70
    UNFINISHED = 75
    INTERRUPTED = 130


class AttnvizError(Exception):
    """An error the user can act on: `message` says what happened, `hint` how to mend it."""

    exit_code = ExitCode.BUG

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(AttnvizError):
    """The command line or the settings are off."""

    exit_code = ExitCode.USAGE


class InputError(AttnvizError):
    """The model or the text can't be used, or a limit was reached."""

    exit_code = ExitCode.INPUT


class WriteError(AttnvizError):
    """The report can't be written."""

    exit_code = ExitCode.CANNOT_WRITE


class NothingToAnalyseError(AttnvizError):
    """The input is fine but holds nothing that could be measured."""

    exit_code = ExitCode.NOTHING_TO_ANALYSE


class UnfinishedError(AttnvizError):
    """A time limit was reached; what was done stands, and can be gone on with."""

    exit_code = ExitCode.UNFINISHED
