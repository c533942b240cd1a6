"""What libraries remark through Python's warnings and logging: told on request, never as such.

What a report has to say it says itself. A library's warning names paths of its source, and may
quote hostile text: it reaches a terminal only where somebody asked for it, made harmless.
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
    """Hands on what is logged; without anybody to tell, it is dropped."""

    def __init__(self, tell: Tell | None) -> None:
        super().__init__(logging.WARNING)
        self.tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of one record."""
        if self.tell is not None:
            self.tell(f"{record.name}: {record.getMessage()}")


def route(tell: Tell | None = None) -> None:
    """From here on remarks go to `tell`, or nowhere; call it again for libraries imported since.

    Warnings that Python was told about (`-W`, PYTHONWARNINGS) stay as they are.
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
    """What Python is to call with a warning."""

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
    """Some libraries write to standard error themselves: then the root's handler hears them."""
    own = [
        handler
        for handler in logger.handlers
        if type(handler) is logging.StreamHandler and handler.stream in (sys.stderr, sys.__stderr__)
    ]
    for handler in own:
        logger.removeHandler(handler)
    if own:
        logger.propagate = True
