"""The new report is made inside the folder, which stays: where it can't be replaced as a whole.

So it is for a disk's first folder, the current one, another user's, or a parent that can't be
written to. Each entry of the old report is replaced by a link through `shown`, another link,
to what it was; then `shown` is turned from the old report to the new one, which is the one step
that counts; then each link is replaced by what it shows. At every moment whoever reads finds
one of the two reports, whole. Undoing, finishing, and recovering after a kill are the same:
what `shown` shows takes the place of the links.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from errno import ENOSYS, ENOTSUP, EPERM
from functools import partial
from pathlib import Path

from attnviz import signals
from attnviz.errors import WriteError
from attnviz.folder import beside, staging
from attnviz.folder.clutter import belongs_to_disk
from attnviz.folder.contents import (
    NEW,
    OLD,
    SHOWN,
    STAGING,
    Kind,
    entries,
    refuse_strangers,
    shows_staging,
)
from attnviz.folder.exchange import exchange


def write(folder: Path, files: Mapping[str, bytes], kind: Kind) -> None:
    """Writes `files` as the content of `folder`; OSError leaves that as it was."""
    place = folder / STAGING
    with suppress(OSError):
        beside.sweep(folder, kind)
    clear = partial(_clear, folder, place, kind)
    with staging.locked(place, folder), staging.cleared(clear):
        refuse_strangers(folder, kind)
        staging.fill(place, files, None)
        _link(folder, place)
        refuse_strangers(place / OLD, kind, folder)
        signals.check()
        _turn(place, NEW)


def _clear(folder: Path, place: Path, kind: Kind) -> None:
    if (place / SHOWN).is_symlink():
        _settle(folder, place)
    staging.clear(place, kind)


def _turn(place: Path, report: str) -> None:
    """Lets the links show `report`, the old or the new one."""
    turned = place / "turned"
    try:
        turned.symlink_to(report)
    except OSError as error:
        if error.errno not in (EPERM, ENOTSUP, ENOSYS):
            raise
        raise WriteError(
            f"{place.parent} can't be replaced as a whole, and its file system has no links.",
            f"Choose a folder inside it, as -o {place.parent / 'report'}.",
        ) from error
    turned.replace(place / SHOWN)


def _link(folder: Path, place: Path) -> None:
    """Replaces the entries of `folder`, and what is still to come, by links to what they were."""
    (place / OLD).mkdir()
    _turn(place, OLD)
    there = {path.name for path in entries(folder) if not belongs_to_disk(path)}
    for name in sorted(there | {path.name for path in (place / NEW).iterdir()}):
        entry, link = folder / name, place / OLD / name
        shown = f"{place.name}/{SHOWN}/{name}"
        link.symlink_to(shown)
        if name not in there:
            link.rename(entry)
        elif not exchange(entry, link):
            link.unlink()
            entry.rename(link)
            entry.symlink_to(shown)


def _settle(folder: Path, place: Path) -> None:
    """Replaces the links by what they show; those that show nothing go."""
    shown = place / SHOWN
    for link in filter(shows_staging, folder.iterdir()):
        if not os.path.lexists(shown / link.name):
            link.unlink()
    for real in shown.iterdir() if shown.is_dir() else ():
        entry = folder / real.name
        if shows_staging(real) or (os.path.lexists(entry) and not shows_staging(entry)):
            continue
        if not (os.path.lexists(entry) and exchange(entry, real)):
            if real.is_dir():
                entry.unlink(missing_ok=True)
            real.rename(entry)
