"""Tells an earlier report in a folder from clutter, and from files that are somebody else's."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from attnviz.errors import WriteError
from attnviz.folder.clutter import belongs_to_disk, is_clutter

STAGING = ".attnviz-staging"
"""The name of our temporary folders, or what it begins with."""

OLD, NEW, SHOWN = "old", "new", "shown"
"""Names in a temporary folder: two whole reports, and a link to the one that is shown."""

_SUFFIXES = (".png", ".svg")
_STAGING_NAME = re.compile(re.escape(STAGING) + "(-[0-9a-f]{8,})?")

_SHOWN_NAME = re.compile(f"{_STAGING_NAME.pattern}/{SHOWN}/[^/]+")


@dataclass(frozen=True, slots=True)
class Signature:
    """How a report folder is recognised: `schema` in its `manifest`, the names of its `pages`."""

    schema: str
    pages: Collection[str]
    manifest: str = "report.json"


def refuse_strangers(folder: Path, signature: Signature, name: Path | None = None) -> None:
    """Raises WriteError if `folder` holds anything that isn't part of a report of ours.

    `name` is what the error calls the folder, `folder` unless given.
    """
    others = strangers(folder, signature)
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        raise WriteError(
            f"{name or folder} holds files that are no attnviz report: {others[0]}{more}.",
            "Choose another folder with -o, or move them away; nothing was changed.",
        )


def strangers(folder: Path, signature: Signature) -> list[str]:
    """What isn't part of a report of ours in `folder`, as paths relative to it, sorted.

    Folders that aren't part of a report are not looked into, for they may be large.
    """
    # A run that was killed while it swapped reports has its manifests in its staging folder.
    reports = [folder, *(temporary / name for temporary in stagings(folder) for name in (OLD, NEW))]
    ours = {path for report in reports for path in _files(report, signature)}
    ours |= {str(parent) for path in ours for parent in PurePosixPath(path).parents}
    return sorted(name for name in _others(folder, ours) if not belongs_to_disk(folder / name))


def is_report(folder: Path, signature: Signature) -> bool:
    """Whether `folder` holds a report of ours, whatever else."""
    return bool(_files(folder, signature))


def stagings(folder: Path) -> list[Path]:
    """Temporary folders of ours, and of earlier versions, directly in `folder`."""
    return [path for path in folder.iterdir() if _STAGING_NAME.fullmatch(path.name)]


def entries(folder: Path) -> list[Path]:
    """The entries of `folder` without temporary folders of ours and clutter."""
    return sorted(
        path
        for path in folder.iterdir()
        if not _STAGING_NAME.fullmatch(path.name) and not is_clutter(path)
    )


def shows_staging(path: Path) -> bool:
    """Whether `path` is a link that replaces an entry of a report while reports are swapped."""
    return path.is_symlink() and bool(_SHOWN_NAME.fullmatch(path.readlink().as_posix()))


def _others(folder: Path, ours: Collection[str]) -> Iterator[str]:
    for path in entries(folder):
        if path.name not in ours and not shows_staging(path):
            yield path.name
        elif path.is_dir() and not path.is_symlink():
            start = f"{path.name}/"
            inside = {name.removeprefix(start) for name in ours if name.startswith(start)}
            yield from (start + name for name in _others(path, inside))


def _files(folder: Path, signature: Signature) -> set[str]:
    """The files of the report in a folder, by its manifest; none if it holds no such report."""
    manifest = folder / signature.manifest
    try:
        # Reading from a pipe would wait for ever.
        report = json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else {}
        if report["schema"].split("/")[0] != signature.schema.split("/")[0]:
            return set()
        figures = [str(figure["path"]) for figure in report["figures"]]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return set()
    return set(signature.pages) | {f"{path}{suffix}" for path in figures for suffix in _SUFFIXES}
