"""The two streams: results go to standard output, everything else to standard error."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import IO, Literal

from rich.console import Console, RenderableType
from rich.text import Text

Colour = Literal["auto", "always", "never"]


@dataclass
class _Choice:
    """What --color says; the flag is known before the first console is made."""

    colour: Colour = "auto"


_choice = _Choice()


class _Console(Console):
    """A console that leaves a closed pipe to the one place that answers all errors."""

    def on_broken_pipe(self) -> None:
        """Raises the error again, where rich would leave with exit code 1."""
        raise  # noqa: PLE0704 - rich calls this while it handles the BrokenPipeError


def set_colour(colour: Colour) -> None:
    """Follows --color from here on."""
    _choice.colour = colour


def console(*, stderr: bool = False) -> Console:
    """A console that follows --color, NO_COLOR, FORCE_COLOR and TERM."""
    always = _choice.colour == "always"
    plain = _choice.colour == "never" or (not always and bool(os.environ.get("NO_COLOR")))
    return _Console(
        stderr=stderr,
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
        sys.stderr is not None
        and sys.stderr.isatty()
        and os.environ.get("TERM", "") not in ("dumb", "unknown")
    )


def put(result: bytes | RenderableType) -> None:
    """Writes what was asked for to standard output; bytes as they are, whatever the locale."""
    if not isinstance(result, bytes):
        console().print(result)
    elif sys.stdout is not None:
        sys.stdout.flush()
        sys.stdout.buffer.write(result)
        sys.stdout.buffer.flush()


def tell(message: str, *, label: str = "", style: str = "") -> None:
    """Writes one message to standard error, on one line and harmless whatever it quotes."""
    from attnviz.text.showable import showable  # not for --help, which says nothing here

    parts = [(f"{label}: ", style)] if label else []
    console(stderr=True).print(Text.assemble(*parts, showable(message)), soft_wrap=True)


def tolerate(*streams: IO[str] | None) -> None:
    """Lets streams show what their encoding lacks as escapes, instead of failing."""
    for stream in streams:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
