"""The measurements that folders hold: of scans and of reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from attnviz.corpus.manifest import NAME as MANIFEST
from attnviz.errors import InputError, UsageError
from attnviz.measurement.measurement import Measurement
from attnviz.measurement.source import FileInfo
from attnviz.text.files import STDIN, read
from attnviz.text.showable import showable
from attnviz.text.types import SourceFile

MEASUREMENT = "measurement/sums.safetensors"
"""Where in the folder of a scan or a report lies what it measured."""


def measurement_in(folder: Path) -> Measurement:
    """What a scan or a report measured, by its folder or the file itself.

    Raises InputError where there is none, or where it can't be read.
    """
    path = folder / MEASUREMENT if folder.is_dir() else folder
    shown = showable(str(folder))
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        unfinished = (folder / MANIFEST).exists()
        raise InputError(
            f"{shown} holds no measurement.",
            "Its scan is not finished: give its command again."
            if unfinished
            else "Name the folder of a scan or of a report, which has a folder measurement.",
        ) from error
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        raise InputError(f"{shown} can't be read: {reason}.", "Check the name.") from error
    try:
        return Measurement.from_bytes(data)
    except InputError as error:
        raise InputError(f"{shown} can't be used: {error.message}", error.hint) from error


def texts_of(
    folder: Path, measurement: Measurement, given: Sequence[str] = ()
) -> tuple[list[SourceFile], list[str]]:
    """The files that a report's measurement is of, by the names it has for them, and their paths.

    Looked for among those that are `given`, then by their names here and beside the folder; only
    files with the same content count. Raises UsageError for one that isn't there, or that changed
    since, and for the measurement of a scan; InputError for files that can't be read.
    """
    if folder.is_dir() and (folder / MANIFEST).exists():
        raise UsageError(
            f"{folder} is a scan, and check runs no scans.",
            "Scan the corpus with the model, too, and name that scan with --from.",
        )
    if not measurement.input.files:
        raise UsageError(f"{folder} doesn't say what it is of.", "Measure again, from files.")
    files, paths = [], []
    named = read(given, None) if given else ()
    for info in measurement.input.files:
        file, path = _same(info, folder, dict(zip(given, named, strict=True)))
        files.append(replace(file, name=info.name))
        paths.append(path)
    return files, paths


def _same(info: FileInfo, folder: Path, given: dict[str, SourceFile]) -> tuple[SourceFile, str]:
    """The file with the content that was measured, and its path."""
    hint = f"Name it with --text, or measure again: attnviz report MODEL TEXT -o {folder}."
    changed = ""
    for path, file in given.items():
        if file.sha256 == info.sha256:
            return file, path
        changed = path if Path(path).name == Path(info.name).name else changed
    beside = folder if folder.is_dir() else folder.parent
    for place in (Path(info.name), beside.parent / info.name, beside / info.name):
        if place.is_file():
            file = read([place], None)[0]
            if file.sha256 == info.sha256:
                return file, str(place)
            changed = changed or str(place)
    if changed:
        raise UsageError(f"{changed} is not as it was when {folder} was measured.", hint)
    name = "standard input" if info.name == STDIN else info.name
    raise UsageError(f"{folder} was measured on {name}, which is not here.", hint)
