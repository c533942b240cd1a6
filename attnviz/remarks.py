"""Redirects the warnings and log records of libraries: dropped, or passed to a function.

They name paths of the libraries' sources and may quote hostile text, so they reach a terminal only
on request, made harmless.
"""

from __future__ import annotations

import logging
import sys
import warnings

TYPE_CHECKING = False  # cli.py imports this, and has no time for typing.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    Tell = Callable[[str], None]


class _Remarks(logging.Handler):
    """Passes log records to `tell`; drops them where it is None."""

    def __init__(self, tell: Tell | None) -> None:
        super().__init__(logging.WARNING)
        self.tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on one record."""
        if self.tell is not None:
            self.tell(f"{record.name}: {record.getMessage()}")


def route(tell: Tell | None = None) -> None:
    """Sends warnings and log records to `tell`, or drops them.

    Call it again after libraries are imported. Warnings are left alone where Python has options
    for them (`-W`, PYTHONWARNINGS).
    """
    if not sys.warnoptions:
        warnings.showwarning = _shower(tell)
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, _Remarks):
            root.removeHandler(handler)
    root.addHandler(_Remarks(tell))
    for logger in list(root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            _divert(logger)


def _shower(tell: Tell | None) -> Callable[..., None]:
    """The function for Python to call with a warning."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        del filename, lineno, file, line
        if tell is not None:
            tell(f"{category.__name__}: {message}")

    return show


def _divert(logger: logging.Logger) -> None:
    """Removes a library's own handlers for standard error, so that the root's handler is used."""
    own = [
        handler
        for handler in logger.handlers
        if type(handler) is logging.StreamHandler and handler.stream in (sys.stderr, sys.__stderr__)
    ]
    for handler in own:
        logger.removeHandler(handler)
    if own:
        logger.propagate = True
