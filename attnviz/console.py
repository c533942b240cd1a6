"""The two streams: results go to standard output, everything else to standard error."""

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
    """What --color and --log say; they are known before the first console is made."""

    colour: Colour = "auto"
    log: Log = "human"


_choice = _Choice()


class _Console(Console):
    """A console that leaves a closed pipe to the one place that answers all errors."""

    def on_broken_pipe(self) -> None:
        """Raises the error again, where rich would leave with exit code 1."""
        raise  # noqa: PLE0704 - rich calls this while it handles the BrokenPipeError


def set_colour(colour: Colour) -> None:
    """Follows --color from here on."""
    _choice.colour = colour


def set_log(log: Log) -> None:
    """Follows --log from here on."""
    _choice.log = log


def console(*, stderr: bool = False) -> Console:
    """A console that follows --color, NO_COLOR, FORCE_COLOR and TERM.

    On standard error, what nobody can be told is dropped.
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
        # What --color asks for, it gets, whatever the terminal says about itself.
        color_system=None if plain else "truecolor" if always else "auto",
        no_color=plain,
    )


def interactive() -> bool:
    """Whether somebody watches standard error; colours may be forced where nobody does."""
    return (
        _choice.log == "human"
        and sys.stderr is not None
        and sys.stderr.isatty()
        and os.environ.get("TERM", "") not in ("dumb", "unknown")
    )


def put(result: bytes | RenderableType) -> None:
    """Writes what was asked for to standard output; bytes as they are, whatever the locale.

    Raises WriteError where it can't be written, but for a reader that has gone.
    """
    if sys.stdout is None:
        raise WriteError("Standard output is closed.", "Leave it open, for the result goes there.")
    try:
        if not isinstance(result, bytes):
            console().print(result)
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
    """Writes one message to standard error, on one line and harmless whatever it quotes."""
    if _choice.log == "json":
        _record(label or "finding", message=message)
        return
    from attnviz.text.showable import showable  # not for --help, which says nothing here

    parts = [(f"{label}: ", style)] if label else []
    console(stderr=True).print(Text.assemble(*parts, showable(message)), soft_wrap=True)


def complain(message: str, hint: str = "", *, code: int, trace: str = "") -> None:
    """Says what went wrong and how to mend it; `trace` is what a bug left.

    Of a message that quotes something endless the two ends are enough.
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
    """Writes to standard error how far a run is."""
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
    """Lets streams show what their encoding lacks as escapes, instead of failing."""
    for stream in streams:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
