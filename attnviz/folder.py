"""The one place that writes files: a whole report folder, or nothing.

Everything is first written to a folder of our own inside the target, on the same file system,
then moved into place by renames that are undone if one fails. What was there before stays whole
until the new report is, and nothing half written remains.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from attnviz import signals
from attnviz.errors import WriteError

if sys.platform != "win32":
    import fcntl

_MANIFEST = "report.json"
_SUFFIXES = (".png", ".svg")
_STAGING = ".attnviz-staging-"
_STAGING_NAME = re.compile(re.escape(_STAGING) + "[0-9a-f]{8}")
_ELSEWHERE = "Choose another folder with -o."


@dataclass(frozen=True, slots=True)
class Kind:
    """How a folder of ours is known: `schema` in its report.json, the names of its `pages`."""

    schema: str
    pages: Collection[str]


def check(folder: Path, kind: Kind) -> None:
    """Raises WriteError unless `folder` may be written to.

    It may not exist yet, be empty, or hold an earlier report and nothing else: what other
    people put there is never touched.
    """
    try:
        strangers = _strangers(folder, kind) if _writable(folder) else []
    except (OSError, ValueError) as error:
        raise WriteError(f"{folder} can't be used: {_reason(error)}.", _ELSEWHERE) from error
    if strangers:
        more = f" and {len(strangers) - 1} more" if len(strangers) > 1 else ""
        raise WriteError(
            f"{folder} holds files that are no attnviz report: {strangers[0]}{more}.",
            f"{_ELSEWHERE[:-1]}, or move them away; nothing was changed.",
        )


def write(folder: Path, files: Mapping[str, bytes], kind: Kind) -> None:
    """Writes `files` (relative path to content) as the whole content of `folder`.

    Raises WriteError, with `folder` as it was before, if anything goes wrong; so does an
    interruption.
    """
    check(folder, kind)
    staging = folder / f"{_STAGING}{secrets.token_hex(4)}"
    try:
        with signals.held(), ExitStack() as undo:
            _make(folder, undo)
            undo.enter_context(_alone(folder))
            undo.callback(_remove, staging)
            _fill(staging / "new", files)
            _swap(folder, staging)
            signals.settle()
            _clean(folder, staging)
    except (OSError, ValueError) as error:
        raise WriteError(
            f"{folder} can't be written: {_reason(error)}.",
            f"Free some space, or choose another folder with -o; {folder} is as it was.",
        ) from error


def _reason(error: OSError | ValueError) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _writable(folder: Path) -> bool:
    """Whether `folder` exists; WriteError unless it, or what it would be made in, is writable."""
    there = os.path.lexists(folder)
    place = folder if there else next(p for p in folder.absolute().parents if os.path.lexists(p))
    if not place.is_dir():
        what = "a link to nowhere" if not place.exists() else "a file, not a folder"
        raise WriteError(f"{place} is {what}.", _ELSEWHERE)
    if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
        raise WriteError(f"{place} is not writable.", _ELSEWHERE)
    return there


def _strangers(folder: Path, kind: Kind) -> list[str]:
    """What no report of ours put into `folder`, as paths relative to it, sorted."""
    # A run that was killed while it swapped reports has its manifests in its staging folder.
    places = [folder, *(place / part for place in _stagings(folder) for part in ("old", "new"))]
    ours = {path for place in places for path in _manifest(place / _MANIFEST, kind)}
    ours |= {str(parent) for path in ours for parent in PurePosixPath(path).parents}
    return sorted(
        relative
        for path in _entries(folder)
        if (relative := path.relative_to(folder).as_posix()) not in ours
    )


def _entries(folder: Path) -> Iterator[Path]:
    """Everything below `folder` but our staging; links are not followed."""
    for path in folder.iterdir():
        if _STAGING_NAME.fullmatch(path.name):
            continue
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _entries(path)


def _stagings(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if _STAGING_NAME.fullmatch(path.name)]


def _manifest(report: Path, kind: Kind) -> set[str]:
    """The files that the report whose JSON this is consists of; none if it isn't one."""
    try:
        found = json.loads(report.read_text(encoding="utf-8"))
        if found["schema"].split("/")[0] != kind.schema.split("/")[0]:
            return set()
        figures = [str(figure["path"]) for figure in found["figures"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()
    return set(kind.pages) | {f"{path}{suffix}" for path in figures for suffix in _SUFFIXES}


def _make(folder: Path, undo: ExitStack) -> None:
    """Makes `folder` and its parents, to be removed again on the way back."""
    absent = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(absent):
        undo.callback(_remove_if_empty, path)
        path.mkdir(exist_ok=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keeps other runs from writing to `folder` meanwhile, where the file system has locks."""
    if sys.platform == "win32":
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        # A file system without locks is written to all the same.
        with suppress(OSError):
            _lock(handle, folder)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, folder: Path) -> None:
    if sys.platform == "win32":
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise WriteError(f"Another run is writing to {folder}.", _ELSEWHERE) from None


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _clean(folder: Path, staging: Path) -> None:
    """Removes what is left of our staging, and of runs that were killed."""
    _remove(staging)
    # The report is there: what can't be cleaned now is no error, and left to the next run.
    with suppress(OSError):
        for path in _stagings(folder):
            _remove(path)


def _remove(staging: Path) -> None:
    try:
        shutil.rmtree(staging)
    except (OSError, KeyboardInterrupt) as error:
        # Once more, for what the first try didn't come to.
        shutil.rmtree(staging, ignore_errors=True)
        if isinstance(error, KeyboardInterrupt):
            raise


def _fill(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True)
    for name, content in files.items():
        path = folder / PurePosixPath(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        signals.check()


def _swap(folder: Path, staging: Path) -> None:
    """Moves the old entries out and the new ones in, or leaves everything as it was."""
    old, new = staging / "old", staging / "new"
    old.mkdir()
    there = sorted(path for path in folder.iterdir() if not _STAGING_NAME.fullmatch(path.name))
    moves = [(path, old / path.name) for path in there]
    moves += [(path, folder / path.name) for path in sorted(new.iterdir())]
    begun: list[tuple[Path, Path]] = []
    try:
        for source, target in moves:
            begun.append((source, target))
            source.rename(target)
        signals.check()
    except BaseException:
        for source, target in reversed(begun):
            if os.path.lexists(target) and not os.path.lexists(source):
                target.rename(source)
        raise
