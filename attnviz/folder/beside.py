"""The new report is made beside the old one, and the two folders change places.

That is one step where the system has it for folders. Where it hasn't, the old report steps
aside first: a run killed at that moment leaves it in the temporary folder, whole, and the next
run puts it back.
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
from attnviz.folder.contents import NEW, OLD, STAGING, Kind, refuse_strangers, stagings
from attnviz.folder.exchange import exchange


def possible(folder: Path) -> bool:
    """Whether another folder may take the place of `folder`, if there is one.

    Not where somebody may stand in it, where a disk begins, or where it is another user's.
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


def write(folder: Path, files: Mapping[str, bytes], kind: Kind) -> None:
    """Writes `files` as `folder`, which keeps its rights; OSError leaves it as it was."""
    folder = Path(os.path.realpath(folder))
    place = _place(folder)
    clear = partial(_clear, folder, place, kind)
    with staging.locked(place, folder), staging.cleared(clear):
        there = folder if folder.is_dir() else None
        if there is not None:
            refuse_strangers(there, kind)
        staging.fill(place, files, there)
        signals.check()
        _show(folder, place, kind)


def sweep(folder: Path, kind: Kind) -> None:
    """Clears what a killed run left beside `folder`, if anything."""
    folder = Path(os.path.realpath(folder))
    place = _place(folder)
    if os.path.lexists(place):
        with staging.locked(place, folder):
            _clear(folder, place, kind)


def _place(folder: Path) -> Path:
    # A name of its own for each folder, however long that folder's name is.
    digest = hashlib.sha256(os.fsencode(folder.name)).hexdigest()[:16]
    return folder.parent / f"{STAGING}-{digest}"


def _clear(folder: Path, place: Path, kind: Kind) -> None:
    if os.path.lexists(place / OLD) and not os.path.lexists(folder):
        (place / OLD).rename(folder)
    staging.clear(place, kind)


def _show(folder: Path, place: Path, kind: Kind) -> None:
    """Lets the new report be `folder`."""
    new = place / NEW
    if not os.path.lexists(folder):
        _appear(folder, new)
        return
    _swap(folder, place)
    try:
        # Nobody can put anything into the old one now, but somebody may just have done so.
        refuse_strangers(new, kind, folder)
        _refuse_company(folder, new)
    except BaseException:
        _swap(folder, place)
        raise


def _appear(folder: Path, new: Path) -> None:
    try:
        new.rename(folder)
    except BaseException:
        # Over a network it may be done although it is said to have failed.
        if os.path.lexists(folder) and not os.path.lexists(new):
            folder.rename(new)
        raise


def _refuse_company(folder: Path, old: Path) -> None:
    """Raises WriteError if another run, of another user perhaps, was at work inside."""
    if any(map(staging.in_use, stagings(old))):
        raise WriteError(
            f"Another run is writing to {folder}.",
            "Wait until it is done, or choose another folder with -o.",
        )


def _swap(folder: Path, place: Path) -> None:
    new, old = place / NEW, place / OLD
    if not exchange(folder, new):
        folder.rename(old)
        new.rename(folder)
        old.rename(new)
