"""The temporary folder that a report is made in, used by one run at a time.

Its name depends on the report's folder alone, so a run finds and removes what a killed one left. A
lock on a file in it tells a killed run from one that is still at work.
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
from attnviz.folder.contents import NEW, OLD, Signature, refuse_strangers

if sys.platform != "win32":
    import fcntl

PATIENCE = 10.0
"""Seconds to wait for another run that is writing to the same folder."""

_LOCK, _FILLING, _GONE = "lock", "filling", "gone"
_PAUSE = 0.05  # seconds
_DEAD = 3600.0  # Without locks, a temporary folder of this age (seconds) is a killed run's.


@contextmanager
def locked(temporary: Path, folder: Path) -> Iterator[None]:
    """Makes and locks `temporary`, the temporary folder for `folder`; removes it if empty.

    Raises WriteError if another run still holds it after `PATIENCE`.
    """
    with ExitStack() as leave:
        leave.callback(_insist, temporary.rmdir)
        handle = _take(temporary, folder)
        leave.callback(os.close, handle)
        leave.callback(_insist, lambda: _unlock(temporary, handle))
        yield


@contextmanager
def cleared(clear: Callable[[], None]) -> Iterator[None]:
    """Calls `clear` for what a killed run left, and again at the end for what this one left.

    What can't be removed at the end is no error, and left to the next run.
    """
    clear()
    try:
        yield
    finally:
        _insist(clear)


def in_use(temporary: Path) -> bool:
    """Whether a run is at work in `temporary`."""
    try:
        handle = os.open(temporary / _LOCK, os.O_RDWR)
    except OSError:
        return False
    try:
        return _lock(handle) is False
    finally:
        os.close(handle)


def fill(temporary: Path, files: Mapping[str, bytes], like: Path | None) -> None:
    """Writes `files` to `temporary`/new; the folder gets the permissions of `like`."""
    folder = temporary / _FILLING
    folder.mkdir()
    if like is not None:
        _give_rights(folder, like)
    for name, content in files.items():
        path = folder / PurePosixPath(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        signals.check()
    # A folder of this name is a whole report; one of any other name may be removed.
    folder.rename(temporary / NEW)


def clear(temporary: Path, signature: Signature) -> None:
    """Empties `temporary`; WriteError if its reports hold files that aren't ours."""
    reports = (temporary / OLD, temporary / NEW)
    for path in temporary.iterdir():
        if path not in reports and path.name != _LOCK:
            _remove(path)
    for report in filter(Path.is_dir, reports):
        refuse_strangers(report, signature)
        # A half removed report would not be recognised as ours.
        _remove(report.rename(temporary / _GONE))


def _remove(path: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        path.unlink()
    else:
        shutil.rmtree(path)


def _take(temporary: Path, folder: Path) -> int:
    """Makes and locks `temporary`; returns the lock's handle."""
    end = time.monotonic() + PATIENCE
    while True:
        signals.check()
        created = _make(temporary)
        # The run that held it may just have removed it.
        with suppress(FileNotFoundError):
            handle = os.open(temporary / _LOCK, os.O_RDWR | os.O_CREAT)
            with ExitStack() as leave:
                leave.callback(os.close, handle)
                if _is_ours(temporary, handle, created):
                    leave.pop_all()
                    return handle
        if time.monotonic() > end:
            raise WriteError(
                f"Another run is writing to {folder}.",
                f"Wait until it is done, or choose another folder with -o; {temporary} is its own.",
            )
        time.sleep(_PAUSE)


def _make(temporary: Path) -> bool:
    """Makes `temporary`; False where it exists, or existed a moment ago."""
    try:
        temporary.mkdir()
    except FileExistsError:
        try:
            status = temporary.lstat()
        except FileNotFoundError:
            return False
        # Its name can be guessed: it must not be another user's, or a link.
        mine = sys.platform == "win32" or status.st_uid == os.geteuid()
        if not stat.S_ISDIR(status.st_mode) or not mine:
            raise PermissionError(EACCES, f"{temporary} is somebody else's") from None
        return False
    return True


def _is_ours(temporary: Path, handle: int, created: bool) -> bool:
    """Whether we hold the lock, and its file is still the one at that path."""
    state = _lock(handle)
    if state is None:
        return created or time.time() - temporary.stat().st_mtime > _DEAD
    return state and os.path.samestat(os.fstat(handle), (temporary / _LOCK).stat())


def _lock(handle: int) -> bool | None:
    """Whether the file could be locked; None where the file system has no locks."""
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


def _unlock(temporary: Path, handle: int) -> None:
    # The lock is removed last: the next run may have the folder from here on.
    if os.path.samestat(os.fstat(handle), (temporary / _LOCK).stat()):
        (temporary / _LOCK).unlink()


def _insist(step: Callable[[], None]) -> None:
    """Does `step`, and once more if it fails; only an interruption is raised again."""
    try:
        step()
    except (OSError, KeyboardInterrupt) as error:
        with suppress(OSError):
            step()
        if isinstance(error, KeyboardInterrupt):
            raise
