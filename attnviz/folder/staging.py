"""The temporary folder a report is made in: one run's at a time, cleared by the next.

There is one for each place a report goes to, so a run finds what a killed one left, and a lock
on a file in it tells a killed run from one that is still at work.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from errno import EACCES
from pathlib import Path, PurePosixPath

from attnviz import signals
from attnviz.errors import WriteError
from attnviz.folder.contents import NEW, OLD, Kind, refuse_strangers

if sys.platform != "win32":
    import fcntl

PATIENCE = 10.0
"""Seconds to wait for another run that is writing to the same place."""

_LOCK, _FILLING, _GONE = "lock", "filling", "gone"
_PAUSE = 0.05  # seconds
_DEAD = 3600.0  # Where nothing can be locked, what is as old as this (seconds) was left behind.


@contextmanager
def locked(place: Path, folder: Path) -> Iterator[None]:
    """Has `place` to itself, a temporary folder for `folder`; it is gone afterwards if empty.

    Raises WriteError if another run still has it after `PATIENCE`.
    """
    with ExitStack() as leave:
        leave.callback(_insist, place.rmdir)
        handle = _take(place, folder)
        leave.callback(os.close, handle)
        leave.callback(_insist, lambda: _unlock(place, handle))
        yield


@contextmanager
def cleared(clear: Callable[[], None]) -> Iterator[None]:
    """Clears away what a killed run left, and at the end what this one did.

    What can't be cleared at the end is no error, and left to the next run.
    """
    clear()
    try:
        yield
    finally:
        _insist(clear)


def in_use(place: Path) -> bool:
    """Whether a run is at work in `place`."""
    try:
        handle = os.open(place / _LOCK, os.O_RDWR)
    except OSError:
        return False
    try:
        return _lock(handle) is False
    finally:
        os.close(handle)


def fill(place: Path, files: Mapping[str, bytes], like: Path | None) -> None:
    """Writes `files` to `place`/new; the folder gets the rights of `like`, as do files in it."""
    folder = place / _FILLING
    folder.mkdir()
    if like is not None:
        _give_rights(folder, like)
    for name, content in files.items():
        path = folder / PurePosixPath(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        signals.check()
    # From here on it is a whole report: what is called otherwise may be removed unseen.
    folder.rename(place / NEW)


def clear(place: Path, kind: Kind) -> None:
    """Removes what is in `place`, reports of ours; WriteError if there is more than that."""
    reports = (place / OLD, place / NEW)
    for path in place.iterdir():
        if path not in reports and path.name != _LOCK:
            _remove(path)
    for report in filter(Path.is_dir, reports):
        refuse_strangers(report, kind)
        # A report that is half removed is not known for ours any more.
        _remove(report.rename(place / _GONE))


def _remove(path: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        path.unlink()
    else:
        shutil.rmtree(path)


def _take(place: Path, folder: Path) -> int:
    """Makes and locks `place`; returns the lock's handle."""
    end = time.monotonic() + PATIENCE
    while True:
        signals.check()
        made = _make(place)
        # It may be gone again: whoever had it before removes it.
        with suppress(FileNotFoundError):
            handle = os.open(place / _LOCK, os.O_RDWR | os.O_CREAT)
            if _is_ours(place, handle, made):
                return handle
            os.close(handle)
        if time.monotonic() > end:
            raise WriteError(
                f"Another run is writing to {folder}.",
                f"Wait until it is done, or choose another folder with -o; {place} is its own.",
            )
        time.sleep(_PAUSE)


def _make(place: Path) -> bool:
    """Makes `place`, or returns False where it is."""
    try:
        place.mkdir()
    except FileExistsError:
        # Its name can be guessed: nobody else may have put a folder of theirs there.
        there = place.lstat()
        mine = sys.platform == "win32" or there.st_uid == os.geteuid()
        if not stat.S_ISDIR(there.st_mode) or not mine:
            raise PermissionError(EACCES, f"{place} is somebody else's") from None
        return False
    return True


def _is_ours(place: Path, handle: int, made: bool) -> bool:
    """Whether the lock is ours, and is still the one that others would ask for."""
    state = _lock(handle)
    if state is None:
        return made or time.time() - place.stat().st_mtime > _DEAD
    return state and os.path.samestat(os.fstat(handle), (place / _LOCK).stat())


def _lock(handle: int) -> bool | None:
    """Whether the lock could be had; None where the file system has no locks."""
    if sys.platform == "win32":
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _give_rights(folder: Path, like: Path) -> None:
    if sys.platform != "win32" and folder.stat().st_gid != like.stat().st_gid:
        os.chown(folder, -1, like.stat().st_gid)
    shutil.copystat(like, folder)


def _unlock(place: Path, handle: int) -> None:
    # Nothing of ours is touched from here on: the next run may have it already.
    if os.path.samestat(os.fstat(handle), (place / _LOCK).stat()):
        (place / _LOCK).unlink()


def _insist(step: Callable[[], None]) -> None:
    """Does `step`, and once more if it fails, for what the first try didn't come to."""
    try:
        step()
    except (OSError, KeyboardInterrupt) as error:
        with suppress(OSError):
            step()
        if isinstance(error, KeyboardInterrupt):
            raise
