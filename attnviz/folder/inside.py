"""Makes the new report inside a folder that can't be replaced as a whole.

That is a mount point, the current folder, another user's, or one whose parent isn't writable. Each
entry of the old report is replaced by a link to it through a second link, `shown`; then `shown` is
pointed from the old report to the new one, in one step; then each link is replaced by what it
points to. A reader finds one of the two reports, whole, at any moment. Undoing, finishing and
recovering after a kill are the same: the links are replaced by what `shown` points to.
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
    Signature,
    entries,
    refuse_strangers,
    shows_staging,
)
from attnviz.folder.exchange import exchange


def write(folder: Path, files: Mapping[str, bytes], signature: Signature) -> None:
    """Writes `files` as the content of `folder`; OSError leaves that as it was."""
    temporary = folder / STAGING
    with suppress(OSError):
        beside.sweep(folder, signature)
    clear = partial(_clear, folder, temporary, signature)
    with staging.locked(temporary, folder), staging.cleared(clear):
        refuse_strangers(folder, signature)
        staging.fill(temporary, files, None)
        _link(folder, temporary)
        refuse_strangers(temporary / OLD, signature, folder)
        signals.check()
        _turn(temporary, NEW)


def _clear(folder: Path, temporary: Path, signature: Signature) -> None:
    if (temporary / SHOWN).is_symlink():
        _settle(folder, temporary)
    staging.clear(temporary, signature)


def _turn(temporary: Path, report: str) -> None:
    """Points `shown` to `report`, the old or the new one."""
    turned = temporary / "turned"
    try:
        turned.symlink_to(report)
    except OSError as error:
        if error.errno not in (EPERM, ENOTSUP, ENOSYS):
            raise
        raise WriteError(
            f"{temporary.parent} can't be replaced as a whole, and its file system has no links.",
            f"Choose a folder inside it, as -o {temporary.parent / 'report'}.",
        ) from error
    turned.replace(temporary / SHOWN)


def _link(folder: Path, temporary: Path) -> None:
    """Replaces the entries of `folder` by links to them; also makes links for new entries."""
    (temporary / OLD).mkdir()
    _turn(temporary, OLD)
    existing = {path.name for path in entries(folder) if not belongs_to_disk(path)}
    for name in sorted(existing | {path.name for path in (temporary / NEW).iterdir()}):
        entry, link = folder / name, temporary / OLD / name
        shown = f"{temporary.name}/{SHOWN}/{name}"
        link.symlink_to(shown)
        if name not in existing:
            link.rename(entry)
        elif not exchange(entry, link):
            link.unlink()
            entry.rename(link)
            entry.symlink_to(shown)


def _settle(folder: Path, temporary: Path) -> None:
    """Replaces the links by what they point to; those that point to nothing are removed."""
    shown = temporary / SHOWN
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
