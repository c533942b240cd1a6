"""Writes results to standard output, and everything else to standard error."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Literal, cast

from rich.console import Console, RenderableType
from rich.text import Text

from attnviz.errors import WriteError
from attnviz.progress import Step
from attnviz.surroundings import Audience, abandon

_END = 400
Colour = Literal["auto", "always", "never"]
Log = Literal["human", "json"]


@dataclass
class _Choice:
    """The values of --color and --log; they are set before the first console is made."""

    colour: Colour = "auto"
    log: Log = "human"


_choice = _Choice()


class _Console(Console):
    """A console that raises on a closed pipe, as the command line handles all errors."""

    def on_broken_pipe(self) -> None:
        """Raises the error again; rich would exit with code 1."""
        raise  # noqa: PLE0704 - rich calls this while it handles the BrokenPipeError


def set_colour(colour: Colour) -> None:
    """Sets --color."""
    _choice.colour = colour


def set_log(log: Log) -> None:
    """Sets --log."""
    _choice.log = log


def console(*, stderr: bool = False) -> Console:
    """A console that follows --color, NO_COLOR, FORCE_COLOR and TERM.

    On standard error, errors of writing are ignored.
    """
    always = _choice.colour == "always"
    plain = _choice.colour == "never" or (not always and bool(os.environ.get("NO_COLOR")))
    return _Console(
        stderr=stderr,
        file=cast("IO[str]", Audience(sys.stderr)) if stderr and sys.stderr else None,
        highlight=False,
        markup=False,
        emoji=False,
        force_terminal=True if always else None,
        # --color counts for more than what the terminal says about itself.
        color_system=None if plain else "truecolor" if always else "auto",
        no_color=plain,
    )


def interactive() -> bool:
    """Whether standard error is a terminal; colours may be forced where it isn't."""
    return (
        _choice.log == "human"
        and sys.stderr is not None
        and sys.stderr.isatty()
        and os.environ.get("TERM", "") not in ("dumb", "unknown")
    )


def put(result: bytes | RenderableType, *, whole_lines: bool = False) -> None:
    """Writes a result to standard output; bytes as they are, whatever the locale.

    With `whole_lines` a terminal breaks long lines by itself, so that they are copied whole.

    Raises WriteError where it can't be written, BrokenPipeError where the reader has gone.
    """
    if sys.stdout is None:
        raise WriteError("Standard output is closed.", "Leave it open, for the result goes there.")
    try:
        if not isinstance(result, bytes):
            # A path is never cut.
            console().print(result, soft_wrap=whole_lines, crop=False)
            sys.stdout.flush()
            return
        sys.stdout.flush()
        sys.stdout.buffer.write(result)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        abandon(sys.stdout)
        raise WriteError(
            f"Standard output can't be written: {error.strerror}.", "Free some space."
        ) from error


def tell(message: str, *, label: str = "", style: str = "") -> None:
    """Writes a message to standard error, on one line, and harmless whatever it quotes."""
    if _choice.log == "json":
        _record(label or "finding", message=message)
        return
    from attnviz.text.showable import showable  # slow to import, and not needed for --help

    prefix = [(f"{label}: ", style)] if label else []
    console(stderr=True).print(Text.assemble(*prefix, showable(message)), soft_wrap=True)


def complain(message: str, hint: str = "", *, code: int, trace: str = "") -> None:
    """Writes an error, and a hint, to standard error; `trace` is the traceback of a bug.

    A very long message is shortened in the middle.
    """
    if len(message) > 2 * _END:
        message = f"{message[:_END]} … {message[-_END:]}"
    if _choice.log == "json":
        more = {"hint": hint} if hint else {}
        more |= {"traceback": trace} if trace else {}
        _record("error", message=message, exit_code=code, **more)
        return
    if trace and sys.stderr is not None:
        Audience(sys.stderr).write(trace)
    tell(message, label="error", style="bold red")
    if hint:
        tell(hint, label="hint", style="bold")


def tell_step(step: Step) -> None:
    """Writes the progress of a run to standard error."""
    if _choice.log == "json":
        numbers = {"done": step.done, "total": step.total, "seconds": round(step.seconds, 3)}
        _record(step.event, stage=step.stage, **numbers)
        return
    steps = "" if step.total is None else f"{step.done} of {step.total} "
    took = f"{step.seconds:.1f} s"
    said = {
        "begin": " ...",
        "progress": f": {steps}after {took}",
        "end": f": {steps}done in {took}",
    }
    tell(f"{step.stage}{said[step.event]}")


def _record(event: str, **fields: object) -> None:
    """Writes one JSON object to standard error, on a line of its own."""
    if sys.stderr is None:
        return
    time = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = json.dumps({"time": time, "event": event, **fields})
    audience = Audience(sys.stderr)
    audience.write(f"{line}\n")
    audience.flush()


def tolerate(*streams: IO[str] | None) -> None:
    """Lets streams write characters that their encoding lacks as escapes."""
    for stream in streams:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
