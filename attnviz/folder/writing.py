"""Checking that a folder may be written to, and writing it in whichever way it allows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from errno import EACCES, EBUSY, ENAMETOOLONG, EPERM, EROFS, EXDEV
from pathlib import Path

from attnviz import signals
from attnviz.errors import WriteError
from attnviz.folder import beside, inside
from attnviz.folder.contents import Kind, refuse_strangers
from attnviz.folder.reasons import unusable, unwritable

_ELSEWHERE = "Choose another folder with -o."

# What a system says of a folder that can't be replaced, or a parent that isn't ours.
_NOT_AS_A_WHOLE = (EACCES, EBUSY, ENAMETOOLONG, EPERM, EROFS, EXDEV)

_LONGEST = "figures".ljust(120, "-")
"""As long as the paths below a report folder may be, those of a temporary one with them."""


def check(folder: Path, kind: Kind) -> None:
    """Raises WriteError unless `folder` may be written to.

    It may not exist yet, be empty, or hold an earlier report and nothing else: what other
    people put there is never touched, and what file managers leave there is nobody's.
    """
    try:
        if _writable(folder):
            refuse_strangers(folder, kind)
    except (OSError, ValueError) as error:
        raise unusable(folder, error) from error


def write(folder: Path, files: Mapping[str, bytes], kind: Kind) -> None:
    """Writes `files` (relative path to content) as the whole content of `folder`.

    Raises WriteError, with `folder` as it was before, if anything goes wrong; so does an
    interruption. Even a run that is killed leaves the old report, or the new one, whole.
    """
    check(folder, kind)
    try:
        with signals.held(), ExitStack() as undo:
            _make(folder.parent, undo)
            if not _written_beside(folder, files, kind):
                _make(folder, undo)
                inside.write(folder, files, kind)
            signals.settle()
            undo.pop_all()
    except (OSError, ValueError) as error:
        raise unwritable(folder, error, files.keys()) from error


def _written_beside(folder: Path, files: Mapping[str, bytes], kind: Kind) -> bool:
    """Whether `folder` could be, and was, replaced as a whole."""
    if not beside.possible(folder):
        return False
    try:
        beside.write(folder, files, kind)
    except OSError as error:
        if error.errno not in _NOT_AS_A_WHOLE:
            raise
        return False
    return True


def _writable(folder: Path) -> bool:
    """Whether `folder` exists; WriteError unless it, or what it would be made in, is writable."""
    _fits(folder)
    there = os.path.lexists(folder)
    place = folder if there else next(p for p in folder.absolute().parents if os.path.lexists(p))
    if not place.is_dir():
        what = "a link to nowhere" if not place.exists() else "a file, not a folder"
        raise WriteError(f"{place} is {what}.", _ELSEWHERE)
    if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
        raise WriteError(f"{place} is not writable.", _ELSEWHERE)
    return there


def _fits(folder: Path) -> None:
    """Raises what the system says to paths that are too long, which it would after the work."""
    # A name in a folder that is still to be made is only looked at by itself.
    for path in (folder / _LONGEST, *map(Path, folder.parts)):
        try:
            path.lstat()
        except OSError as error:
            if error.errno == ENAMETOOLONG:
                raise


def _make(folder: Path, undo: ExitStack) -> None:
    """Makes `folder` and its parents, to be removed again on the way back."""
    absent = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(absent):
        undo.callback(_remove_if_empty, path)
        path.mkdir(exist_ok=True)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
