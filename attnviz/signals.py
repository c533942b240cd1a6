"""Turns Ctrl-C, SIGTERM and SIGHUP into an exception, so that unfinished work is undone.

Handlers are set only by `install`, which only the command line calls: a script or notebook that
imports attnviz keeps its own.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager

TYPE_CHECKING = False  # As typing's: nothing slow is imported before the handlers are set.
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Stopped(KeyboardInterrupt):
    """The process was asked to stop by a signal."""


class _State:
    """The signal that came, 0 for none, and the number of `held` blocks it waits for."""

    number = 0
    holding = 0


_state = _State()


def install() -> None:
    """Makes signals raise `Stopped`; a signal that the parent process ignores stays ignored."""
    for name in _NAMES:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    sys.unraisablehook = _unraisable


def settle() -> None:
    """Ignores signals from here on: the work is done and can't be undone."""
    _state.number = 0
    for name in _NAMES:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is _stop:
            calm = signal.SIG_IGN if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, calm)


def received() -> int:
    """The signal that came, 0 for none."""
    return _state.number


def check() -> None:
    """Raises `Stopped` if a signal came and some library swallowed the exception."""
    if _state.number:
        raise Stopped


@contextmanager
def unsettled() -> Iterator[None]:
    """Signals are answered afterwards as before: `settle` inside ends one work of several."""
    numbers = [number for name in _NAMES if (number := getattr(signal, name, None)) is not None]
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is _stop and signal.getsignal(number) is not _stop:
                signal.signal(number, handler)


@contextmanager
def held() -> Iterator[None]:
    """Delays signals: inside, `Stopped` is raised only by `check`, or else at the end."""
    before = _state.number
    _state.holding += 1
    try:
        yield
    finally:
        _state.holding -= 1
    if _state.number != before and not _state.holding:
        raise Stopped


@contextmanager
def unheard_by_children() -> Iterator[None]:
    """Processes started inside never get Ctrl-C, which a terminal sends to all of a job.

    A new process inherits the signals that its starting thread has blocked; meanwhile another
    thread of ours gets the signal, and this one answers it at its next step.
    """
    if not hasattr(signal, "pthread_sigmask"):  # as on Windows
        yield
        return
    import threading
    from multiprocessing import resource_tracker

    # Python's resource tracker would unblock the signal as it starts: so it is started before.
    resource_tracker.ensure_running()
    over = threading.Event()
    threading.Thread(target=over.wait, daemon=True).start()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        over.set()


def begin_child() -> None:
    """Called first in each process that we start: it ignores Ctrl-C, and ends with its parent.

    Only the parent is to answer Ctrl-C. A parent that is killed can't end its children, which would
    wait for work forever.
    """
    import threading

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()  # by a pipe, on every system: its other end closes with the parent
        os._exit(1)


def _stop(number: int, _: FrameType | None) -> None:
    _state.number = number
    if not _state.holding:
        raise Stopped


def _unraisable(event: sys.UnraisableHookArgs) -> None:
    # Raised in a destructor or a callback it can't propagate: `check` raises it again.
    if not isinstance(event.exc_value, Stopped):
        sys.__unraisablehook__(event)
