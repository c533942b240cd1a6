"""Errors for a folder that can't be written, with what mends it."""

from __future__ import annotations

import os
from collections.abc import Collection
from errno import EACCES, EDQUOT, EFBIG, EIO, ENAMETOOLONG, ENOSPC, EPERM, EROFS, EXDEV
from pathlib import Path, PurePosixPath

from attnviz.errors import WriteError

_ELSEWHERE = "another folder with -o"
_OWN = 2  # inodes that writing takes besides: the temporary folder and its lock

_ADVICE = {
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
    return WriteError(f"{folder} can't be used: {_reason(error)}.", f"{_advice(error)}.")


def unwritable(folder: Path, error: OSError | ValueError, names: Collection[str]) -> WriteError:
    """The error for a report of files with `names` that couldn't be written."""
    if isinstance(error, OSError) and error.errno == ENOSPC and _lacks_inodes(folder, names):
        reason = "No inodes left on device, which holds as many files as it can"
        advice = f"Remove some files, or choose {_ELSEWHERE}"
    else:
        reason, advice = _reason(error), _advice(error)
    return WriteError(f"{folder} can't be written: {reason}.", f"{advice}; {folder} is as it was.")


def unfinished(folder: Path, error: OSError | ValueError) -> WriteError:
    """The error for work that goes on in a folder, one of whose files couldn't be written."""
    return WriteError(
        f"{folder} can't be written: {_reason(error)}.",
        f"{_advice(error)}. What was done stands: the same command goes on from there.",
    )


def _reason(error: OSError | ValueError) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _advice(error: OSError | ValueError) -> str:
    known = _ADVICE.get(error.errno or 0) if isinstance(error, OSError) else None
    return f"{known or 'Choose'} {_ELSEWHERE}"


def _lacks_inodes(folder: Path, names: Collection[str]) -> bool:
    """Whether the disk, what was half written removed again, can't hold so many files more."""
    if not hasattr(os, "statvfs"):  # as on Windows
        return False
    place = next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
    disk = os.statvfs(place)
    needed = {path for name in names for path in (name, *map(str, PurePosixPath(name).parents))}
    return disk.f_files > 0 and disk.f_favail < len(needed) + _OWN
