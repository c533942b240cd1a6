"""The process: arguments, signals, streams and exit codes; the commands are in app.py.

Only light imports here, so that an interrupt is answered from the first moment.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys

from attnviz import signals
from attnviz.errors import AttnvizError, ExitCode, InputError, UsageError, WriteError
from attnviz.version import __version__

TYPE_CHECKING = False  # As typing's, without the time that importing typing takes.
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn


def main() -> NoReturn:
    """The console script."""
    signals.install()
    # Of all progress bars only ours is shown; tqdm reads this when it is imported.
    os.environ.setdefault("TQDM_DISABLE", "1")
    # Of what torch remarks in C++, past Python, only errors; torch reads this when it is imported.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    from attnviz import remarks  # not before the handlers of signals

    remarks.route()
    code = run(sys.argv[1:])
    signals.settle()
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Runs one command line and returns its exit code; every error is answered here."""
    try:
        return _obey(arguments)
    except BaseException as error:  # noqa: BLE001 - even SystemExit has an answer
        # What goes wrong while answering (a closed pipe) has nobody left to be told.
        with contextlib.suppress(OSError):
            return _answer(error)
        _abandon_streams()
        return ExitCode.BUG


def _obey(arguments: Sequence[str]) -> int:
    from attnviz.app import app
    from attnviz.console import tolerate

    tolerate(sys.stdout, sys.stderr)
    code = app(list(arguments), prog_name="attnviz", standalone_mode=False)
    signals.check()  # Typer makes an exit code of an interrupt.
    if sys.stdout is not None:
        sys.stdout.flush()
    return int(code or ExitCode.OK)


def _answer(error: BaseException) -> int:
    """Says what went wrong, and returns the exit code it stands for."""
    if signals.received() or isinstance(error, KeyboardInterrupt):
        _say("error", "Interrupted.")
        return 128 + signals.received() if signals.received() else ExitCode.INTERRUPTED
    if isinstance(error, BrokenPipeError) or isinstance(error.__context__, BrokenPipeError):
        # The reader has gone, as `head` does: not an error, and nobody is there to read one.
        _abandon_streams()
        return ExitCode.OK
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else ExitCode.OK
    known = _known(error)
    if known is None:
        import traceback

        from attnviz.text.showable import showable

        lines = "".join(traceback.format_exception(error)).splitlines()
        sys.stderr.write("".join(f"{showable(line)}\n" for line in lines))
        known = AttnvizError(
            f"This is a bug in attnviz {__version__}: {type(error).__name__}.",
            "Please report it with the lines above and the output of `attnviz env`.",
        )
    # Without any arguments the help has been shown, and says it all.
    if known.message:
        _say("error", known.message)
        _say("hint", known.hint)
    return known.exit_code


def _known(error: BaseException) -> AttnvizError | None:
    """The error in our own words; None for a bug."""
    if isinstance(error, AttnvizError):
        return error
    if hasattr(error, "format_message"):  # Typer's own errors, wherever its version keeps them
        return _usage(error)
    if isinstance(error, MemoryError):
        return InputError("There is not enough memory.", "Give a smaller text or a smaller model.")
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return WriteError("No space is left on the device.", "Free some space.")
    return None


def _usage(error: BaseException) -> UsageError:
    message = str(error.format_message()).replace("Value error, ", "")  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "attnviz"
    if message and message[-1] not in ".?!":
        message += "."
    return UsageError(message, f"See {command} --help.")


def _say(label: str, message: str) -> None:
    from attnviz.console import tell

    tell(message, label=label, style="bold red" if label == "error" else "bold")


def _abandon_streams() -> None:
    """Points closed pipes nowhere, or the interpreter complains about them as it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            os.dup2(nowhere, stream.fileno())


if __name__ == "__main__":
    main()
