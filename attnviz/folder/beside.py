"""Makes the new report beside the old one, and swaps the two folders.

The swap is one step where the system has one for folders. Elsewhere the old report is moved into
the temporary folder first: a run killed at that moment leaves it there, and the next run puts it
back.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from attnviz import signals
from attnviz.errors import WriteError
from attnviz.folder import staging
from attnviz.folder.clutter import belongs_to_disk
from attnviz.folder.contents import NEW, OLD, STAGING, Signature, refuse_strangers, stagings
from attnviz.folder.exchange import exchange


def possible(folder: Path) -> bool:
    """Whether `folder` may be replaced by another folder.

    Not if it is the current folder, a mount point, or another user's.
    """
    if not folder.is_dir():
        return True
    mine = sys.platform == "win32" or folder.stat().st_uid == os.geteuid()
    return (
        mine
        and not folder.samefile(os.curdir)
        and not os.path.ismount(os.path.realpath(folder))
        and not any(map(belongs_to_disk, folder.iterdir()))
    )


def write(folder: Path, files: Mapping[str, bytes], signature: Signature) -> None:
    """Writes `files` as `folder`, which keeps its permissions; OSError leaves it as it was."""
    folder = Path(os.path.realpath(folder))
    temporary = _temporary(folder)
    clear = partial(_clear, folder, temporary, signature)
    with staging.locked(temporary, folder), staging.cleared(clear):
        existing = folder if folder.is_dir() else None
        if existing is not None:
            refuse_strangers(existing, signature)
        staging.fill(temporary, files, existing)
        signals.check()
        _show(folder, temporary, signature)


def sweep(folder: Path, signature: Signature) -> None:
    """Removes what a killed run left beside `folder`."""
    folder = Path(os.path.realpath(folder))
    temporary = _temporary(folder)
    if os.path.lexists(temporary):
        with staging.locked(temporary, folder):
            _clear(folder, temporary, signature)


def _temporary(folder: Path) -> Path:
    # Unique to the folder, and short however long the folder's name is.
    digest = hashlib.sha256(os.fsencode(folder.name)).hexdigest()[:16]
    return folder.parent / f"{STAGING}-{digest}"


def _clear(folder: Path, temporary: Path, signature: Signature) -> None:
    if os.path.lexists(temporary / OLD) and not os.path.lexists(folder):
        (temporary / OLD).rename(folder)
    staging.clear(temporary, signature)


def _show(folder: Path, temporary: Path, signature: Signature) -> None:
    """Puts the new report at `folder`, and the old one into the temporary folder."""
    new = temporary / NEW
    if not os.path.lexists(folder):
        _appear(folder, new)
        return
    _swap(folder, temporary)
    try:
        # Files may have been put into the old report until just now.
        refuse_strangers(new, signature, folder)
        _refuse_company(folder, new)
    except BaseException:
        _swap(folder, temporary)
        raise


def _appear(folder: Path, new: Path) -> None:
    try:
        new.rename(folder)
    except BaseException:
        # A network file system may report an error for a rename that was done.
        if os.path.lexists(folder) and not os.path.lexists(new):
            folder.rename(new)
        raise


def _refuse_company(folder: Path, old: Path) -> None:
    """Raises WriteError if another run is at work inside the old report."""
    if any(map(staging.in_use, stagings(old))):
        raise WriteError(
            f"Another run is writing to {folder}.",
            "Wait until it is done, or choose another folder with -o.",
        )


def _swap(folder: Path, temporary: Path) -> None:
    new, old = temporary / NEW, temporary / OLD
    if not exchange(folder, new):
        folder.rename(old)
        new.rename(folder)
        old.rename(new)
