"""Checks that a folder may be written to, and writes it in whichever way works there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from errno import EACCES, EBUSY, ENAMETOOLONG, EPERM, EROFS, EXDEV
from pathlib import Path

from attnviz import signals
from attnviz.errors import WriteError
from attnviz.folder import beside, inside
from attnviz.folder.contents import Signature, refuse_strangers
from attnviz.folder.reasons import unusable, unwritable

_ELSEWHERE = "Choose another folder with -o."

# Errors for a folder that can't be replaced, or whose parent isn't writable.
_NOT_AS_A_WHOLE = (EACCES, EBUSY, ENAMETOOLONG, EPERM, EROFS, EXDEV)

_LONGEST = "figures".ljust(120, "-")
"""A path as long as the longest below a report folder, and a temporary one."""


def check(folder: Path, signature: Signature) -> None:
    """Raises WriteError unless `folder` may be written to.

    It may be absent, be empty, or hold an earlier report; clutter doesn't count. Other files are
    never touched.
    """
    try:
        if _writable(folder):
            refuse_strangers(folder, signature)
    except (OSError, ValueError) as error:
        raise unusable(folder, error) from error


def write(folder: Path, files: Mapping[str, bytes], signature: Signature) -> None:
    """Writes `files` (relative path to content) as the whole content of `folder`.

    Raises WriteError if anything goes wrong; `folder` is then as it was, also after an
    interruption. A run that is killed leaves the old report or the new one, whole.
    """
    check(folder, signature)
    try:
        with signals.held(), ExitStack() as undo:
            _make(folder.parent, undo)
            if not _written_beside(folder, files, signature):
                _make(folder, undo)
                inside.write(folder, files, signature)
            signals.settle()
            undo.pop_all()
    except (OSError, ValueError) as error:
        raise unwritable(folder, error, files.keys()) from error


def _written_beside(folder: Path, files: Mapping[str, bytes], signature: Signature) -> bool:
    """Whether `folder` could be, and was, replaced as a whole."""
    if not beside.possible(folder):
        return False
    try:
        beside.write(folder, files, signature)
    except OSError as error:
        if error.errno not in _NOT_AS_A_WHOLE:
            raise
        return False
    return True


def _writable(folder: Path) -> bool:
    """Whether `folder` exists; WriteError unless it, or what it would be made in, is writable."""
    _fits(folder)
    exists = os.path.lexists(folder)
    nearest = folder if exists else next(p for p in folder.absolute().parents if os.path.lexists(p))
    if not nearest.is_dir():
        what = "a link to nowhere" if not nearest.exists() else "a file, not a folder"
        raise WriteError(f"{nearest} is {what}.", _ELSEWHERE)
    if not os.access(nearest, os.R_OK | os.W_OK | os.X_OK):
        raise WriteError(f"{nearest} is not writable.", _ELSEWHERE)
    return exists


def _fits(folder: Path) -> None:
    """Raises the system's OSError for a path that is too long, before the work and not after."""
    # Names in a folder that is still to be made are checked one by one.
    for path in (folder / _LONGEST, *map(Path, folder.parts)):
        try:
            path.lstat()
        except OSError as error:
            if error.errno == ENAMETOOLONG:
                raise


def _make(folder: Path, undo: ExitStack) -> None:
    """Makes `folder` and its parents; `undo` removes those that are still empty."""
    absent = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(absent):
        undo.callback(_remove_if_empty, path)
        path.mkdir(exist_ok=True)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
