"""Writes single files, all of them whole or none: made beside, then renamed."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from errno import ENAMETOOLONG
from pathlib import Path

from attnviz import signals
from attnviz.errors import WriteError
from attnviz.folder.contents import STAGING
from attnviz.folder.reasons import unusable, unwritable

_ELSEWHERE = "Choose another file with -o."


def check_files(paths: Collection[Path]) -> None:
    """Raises WriteError unless each of `paths` may be written, anew or in place of a file."""
    for path in paths:
        try:
            _check(path, path.resolve())
        except (OSError, ValueError) as error:
            raise unusable(path, error) from error


def write_files(files: Mapping[Path, bytes]) -> None:
    """Writes each file; those that are there keep their permissions.

    None is replaced before all are written beside; what is there is then as it was, also after an
    interruption. Raises WriteError if anything goes wrong.
    """
    check_files(files.keys())
    with signals.held(), ExitStack() as undo:
        for path, content in files.items():
            with _explained(path):
                undo.callback(_remove, _beside(path))
                _beside(path).write_bytes(content)
                if path.exists():
                    shutil.copymode(path, _beside(path))
            signals.check()
        for path in files:
            with _explained(path):
                _beside(path).replace(path.resolve())  # of a link, what it points to


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise unwritable(path, error, [path.name]) from error


def _beside(path: Path) -> Path:
    """Where this run makes a file: of a name that a report's folder takes for none of its own."""
    target = path.resolve()
    digest = hashlib.sha256(os.fsencode(target.name) + b"%d" % os.getpid()).hexdigest()[:16]
    return target.parent / f"{STAGING}-{digest}"


def _check(path: Path, target: Path) -> None:
    try:
        target.lstat()
    except OSError as error:
        if error.errno == ENAMETOOLONG:
            raise
    if target.is_dir():
        raise WriteError(f"{path} is a folder, not a file.", "Name a file in it with -o.")
    if target.exists() and not target.is_file():
        raise WriteError(f"{path} is no regular file.", _ELSEWHERE)
    parent = target.parent
    if not parent.is_dir():
        what = "is a file, not a folder" if parent.exists() else "doesn't exist"
        raise WriteError(f"The folder {path.parent} {what}.", f"Make it first. {_ELSEWHERE}")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise WriteError(f"The folder {path.parent} is not writable.", _ELSEWHERE)


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
