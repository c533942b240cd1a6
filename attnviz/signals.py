"""Ctrl-C, SIGTERM and SIGHUP: an exception that undoes what is half done, and an exit code.

Nothing here acts before `install`, which only the command line calls: a script or a notebook
that imports attnviz keeps its own handlers.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager

TYPE_CHECKING = False  # Until handlers are installed an interrupt is ugly: nothing slow before.
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Stopped(KeyboardInterrupt):
    """The process was asked to stop by a signal."""


class _State:
    """Which signal came, 0 for none, and how many blocks it has to wait for."""

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
    """The work is done, and too late to be undone: Ctrl-C changes nothing any more."""
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
def held() -> Iterator[None]:
    """What has to run as a whole: a signal that comes inside is heard by `check`, or at the end."""
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
    """Processes started inside never hear Ctrl-C, which a terminal sends to all of a job.

    A new process inherits what the thread that starts it has blocked, from its first moment on;
    meanwhile another thread of ours hears the signal. This one answers it at its next step.
    """
    if not hasattr(signal, "pthread_sigmask"):  # as on Windows
        yield
        return
    import threading
    from multiprocessing import resource_tracker

    # Python's helper of all such processes would lift the block as it starts: so it starts now.
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
    """How a process that we start begins: it leaves Ctrl-C to the first process, and ends with it.

    Ctrl-C reaches every process of a terminal, and only the first one should answer. A process
    that is killed tells nobody, and those that it started would wait for work forever.
    """
    import threading

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    import multiprocessing

    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()  # by a pipe, on every system: its other end is open as long as the parent is
        os._exit(1)


def _stop(number: int, _: FrameType | None) -> None:
    _state.number = number
    if not _state.holding:
        raise Stopped


def _unraisable(event: sys.UnraisableHookArgs) -> None:
    # Raised in a destructor or a callback, it would be printed and lost: `check` hears it.
    if not isinstance(event.exc_value, Stopped):
        sys.__unraisablehook__(event)
