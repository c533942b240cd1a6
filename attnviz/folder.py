"""The one place that writes files: a whole report folder, or nothing.

Everything is first written to a folder of our own inside the target, on the same file system,
then moved into place by renames that are undone if one fails. What was there before stays whole
until the new report is, and nothing half written remains.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

from attnviz.errors import WriteError

_STAGING = ".attnviz-"


def check(folder: Path, schema: str) -> None:
    """Raises WriteError unless `folder` may be written to.

    It may not exist yet, be empty, or hold an earlier report and nothing else: what other
    people put there is never touched.
    """
    if not folder.exists():
        parent = next((p for p in folder.absolute().parents if p.exists()), None)
        if parent is None or not parent.is_dir():
            raise WriteError(f"{folder} can't be made: {parent} is no folder.", "Choose another -o.")
        return
    if not folder.is_dir():
        raise WriteError(f"{folder} is a file, not a folder.", "Choose another folder with -o.")
    try:
        strangers = _strangers(folder, schema)
    except OSError as error:
        raise WriteError(f"{folder} can't be read: {error.strerror}.", "Choose another -o.") from error
    if strangers:
        more = f" and {len(strangers) - 1} more" if len(strangers) > 1 else ""
        raise WriteError(
            f"{folder} holds files that are no attnviz report: {strangers[0]}{more}.",
            "Choose another folder with -o, or move them away; nothing was changed.",
        )


def _strangers(folder: Path, schema: str) -> list[str]:
    """Files in `folder` that an earlier report did not write, as paths relative to it."""
    ours = _manifest(folder / "report.json", schema)
    return sorted(
        relative
        for path in folder.rglob("*")
        if not path.is_dir()
        for relative in [path.relative_to(folder).as_posix()]
        if relative not in ours and not relative.startswith(_STAGING)
    )


def _manifest(report: Path, schema: str) -> set[str]:
    try:
        found = json.loads(report.read_text(encoding="utf-8"))
        if found["schema"] != schema:
            return set()
        figures = {str(figure["path"]) for figure in found["figures"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    pages = {"report.html", "report.md", "report.json"}
    return pages | {f"{path}{suffix}" for path in figures for suffix in (".png", ".svg")}


def write(folder: Path, files: Mapping[str, bytes], schema: str) -> None:
    """Writes `files` (relative path to content) as the whole content of `folder`.

    Raises WriteError, with `folder` as it was before, if anything goes wrong; so does an
    interruption.
    """
    check(folder, schema)
    with ExitStack() as undo:
        try:
            _make(folder, undo)
            staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=folder))
            undo.callback(shutil.rmtree, staging, ignore_errors=True)
            _fill(staging / "new", files)
            _swap(folder, staging)
        except OSError as error:
            raise WriteError(
                f"{folder} can't be written: {error.strerror or error}.",
                "Free some space, or choose another folder with -o.",
            ) from error
        # Ours, and what a run that was killed may have left.
        for path in folder.glob(f"{_STAGING}*"):
            shutil.rmtree(path, ignore_errors=True)
        undo.pop_all()


def _make(folder: Path, undo: ExitStack) -> None:
    """Makes `folder` and its parents, to be removed again on the way back."""
    absent = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(absent):
        path.mkdir(exist_ok=True)
        undo.callback(_remove_if_empty, path)


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return


def _fill(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / PurePosixPath(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _swap(folder: Path, staging: Path) -> None:
    """Moves the old entries out and the new ones in, or leaves everything as it was."""
    old, new = staging / "old", staging / "new"
    old.mkdir()
    moves = [(path, old / path.name) for path in sorted(folder.iterdir()) if not path.name.startswith(_STAGING)]
    moves += [(path, folder / path.name) for path in sorted(new.iterdir())]
    done: list[tuple[Path, Path]] = []
    try:
        for source, target in moves:
            done.append((source, target))
            source.rename(target)
    except BaseException:
        for source, target in reversed(done):
            if target.exists() and not source.exists():
                target.rename(source)
        raise


