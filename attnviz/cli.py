"""The process: arguments, signals, streams and exit codes; the commands are in `commands`.

Only light imports here, so that an interrupt is answered from the first moment.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from itertools import pairwise

from attnviz import signals, surroundings
from attnviz.errors import AttnvizError, ExitCode, UsageError
from attnviz.version import __version__

TYPE_CHECKING = False  # As typing's, without the time that importing typing takes.
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn


def main() -> NoReturn:
    """The console script."""
    surroundings.open_closed_streams()
    surroundings.buffer_output()
    surroundings.forget_odd_sizes()
    signals.install()
    # Of all progress bars only ours is shown; tqdm reads this when it is imported.
    os.environ.setdefault("TQDM_DISABLE", "1")
    # Of what torch remarks in C++, past Python, only errors; torch reads this when it is imported.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    # Threads that wait for work sleep: they would spin, and keep a busy processor from those that
    # work (twice the time where another program runs). OpenMP and OpenBLAS read this as they load.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
    # Imports make a million objects that stay: looking for garbage among them takes half a second.
    gc.set_threshold(50_000, 20, 20)
    # Figures are drawn into memory; a backend for windows that isn't there would stop matplotlib.
    os.environ["MPLBACKEND"] = "agg"
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
        surroundings.abandon(sys.stdout, sys.stderr)
        return ExitCode.BUG


def _obey(arguments: Sequence[str]) -> int:
    from attnviz.console import set_log, tolerate

    # Known before the line is understood: what is wrong with it is told in that form, too.
    set_log("json" if _asks_for_json(arguments) else "human")
    from attnviz.commands.command import application

    tolerate(sys.stdout, sys.stderr)
    code = application()(list(arguments), prog_name="attnviz", standalone_mode=False)
    signals.check()  # Typer makes an exit code of an interrupt.
    if sys.stdout is not None:
        sys.stdout.flush()
    return int(code or ExitCode.OK)


def _asks_for_json(arguments: Sequence[str]) -> bool:
    """Whether a command line says `--log json`, whatever else is right or wrong about it."""
    return "--log=json" in arguments or ("--log", "json") in pairwise(arguments)


def _answer(error: BaseException) -> int:
    """Says what went wrong, and returns the exit code it stands for."""
    from attnviz.console import complain

    if signals.received() or isinstance(error, KeyboardInterrupt):
        code = 128 + signals.received() if signals.received() else int(ExitCode.INTERRUPTED)
        complain("Interrupted.", code=code)
        return code
    if isinstance(error, BrokenPipeError) or isinstance(error.__context__, BrokenPipeError):
        # The reader has gone, as `head` does: not an error, and nobody is there to read one.
        surroundings.abandon(sys.stdout)
        return ExitCode.OK
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else ExitCode.OK
    known, trace = _known(error), ""
    if known is None:
        import traceback

        from attnviz.text.showable import showable

        lines = "".join(traceback.format_exception(error)).splitlines()
        trace = "".join(f"{showable(line)}\n" for line in lines)
        known = AttnvizError(
            f"This is a bug in attnviz {__version__}: {type(error).__name__}.",
            "Please report it with the lines above and the output of `attnviz env`.",
        )
    # Without any arguments the help has been shown, and says it all.
    if known.message:
        complain(known.message, known.hint, code=int(known.exit_code), trace=trace)
    return known.exit_code


def _known(error: BaseException) -> AttnvizError | None:
    """The error in our own words; None for a bug."""
    if isinstance(error, AttnvizError):
        return error
    if hasattr(error, "format_message"):  # Typer's own errors, wherever its version keeps them
        return _usage(error)
    return surroundings.refusal(error)


def _usage(error: BaseException) -> UsageError:
    told = str(error.format_message()).replace("Value error, ", "")  # type: ignore[attr-defined]
    message = " ".join(told.split())
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "attnviz"
    if message and message[-1] not in ".?!":
        message += "."
    return UsageError(message, f"See {command} --help.")


if __name__ == "__main__":
    main()
