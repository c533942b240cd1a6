"""The measurements that folders hold: of scans and of reports."""

from __future__ import annotations

from pathlib import Path

from attnviz.corpus.manifest import NAME as MANIFEST
from attnviz.errors import InputError
from attnviz.measurement.measurement import Measurement
from attnviz.text.showable import showable

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
        if not folder.exists():
            raise InputError(
                f"There is no folder {shown}.", "Name that of a scan or of a report."
            ) from error
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
