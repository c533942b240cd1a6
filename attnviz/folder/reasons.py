"""Why a folder can't be written, in words that name it and what mends it."""

from __future__ import annotations

import os
from errno import EACCES, EDQUOT, EFBIG, EIO, ENAMETOOLONG, ENOSPC, EPERM, EROFS, EXDEV
from pathlib import Path

from attnviz.errors import WriteError

_HINTS = {
    ENOSPC: "Free some space, or choose",
    EDQUOT: "Your quota is used up: remove something of yours, or choose",
    EFBIG: "Files may not be as large there (see `ulimit -f`): choose",
    EIO: "The disk or the network failed: see whether it can be read and written, or choose",
    EROFS: "It is mounted for reading only: choose",
    EACCES: "Ask for the right to write there, or choose",
    EPERM: "Ask for the right to write there, or choose",
    ENAMETOOLONG: "Choose a shorter path, or",
    EXDEV: "Part of it is fixed in a layer below: remove it, or choose",
}


def unusable(folder: Path, error: OSError | ValueError) -> WriteError:
    """The error for a folder that was looked at, before anything was written."""
    return WriteError(f"{folder} can't be used: {_reason(folder, error)}.", _hint(error))


def unwritable(folder: Path, error: OSError | ValueError) -> WriteError:
    """The error for a report that could not be written; `folder` is as it was."""
    return WriteError(
        f"{folder} can't be written: {_reason(folder, error)}.",
        f"{_hint(error)[:-1]}; {folder} is as it was.",
    )


def _hint(error: OSError | ValueError) -> str:
    advice = _HINTS.get(error.errno or 0) if isinstance(error, OSError) else None
    return f"{advice or 'Choose'} another folder with -o."


def _reason(folder: Path, error: OSError | ValueError) -> str:
    if not isinstance(error, OSError):
        return str(error)
    if error.errno == ENOSPC and _has_no_inodes(folder):
        return "No inodes left on device (it holds as many files as it can)"
    return error.strerror or str(error)


def _has_no_inodes(folder: Path) -> bool:
    """Whether the disk has bytes left but can't hold more files."""
    if not hasattr(os, "statvfs"):  # as on Windows
        return False
    place = next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
    disk = os.statvfs(place)
    return disk.f_files > 0 and disk.f_favail == 0
