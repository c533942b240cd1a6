"""Standard input, copied into a scan's folder, for it can be read only once."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

from attnviz.errors import InputError, UsageError
from attnviz.folder import Growing

SPOOL = "stdin"
_CHUNK = 2**20


def spooled(place: Growing, stdin: BinaryIO | None) -> Path:
    """Where the copy lies, which is made unless there is one.

    A scan that goes on needs no input; where it gets some, that must be what it got before. Raises
    InputError where there is none to read, UsageError where it is another text.
    """
    before = _sha256_of_spool(place)
    if before is None:
        if stdin is None:
            raise InputError("Standard input is closed.", "Pipe text into it, or name a file.")
        place.spool(SPOOL, stdin)
    elif stdin is not None and not stdin.isatty():
        now, size = _sha256(stdin)
        if size and now != before:
            raise UsageError(
                f"Standard input is not the text that {place.folder} holds a scan of.",
                "Scan into another folder with -o, or go on without input: < /dev/null.",
            )
    return place.path(SPOOL)


def _sha256_of_spool(place: Growing) -> str | None:
    """The hash of the copy, None where there is none."""
    try:
        with place.path(SPOOL).open("rb") as file:
            return _sha256(file)[0]
    except FileNotFoundError:
        return None


def _sha256(stream: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while data := stream.read(_CHUNK):
        digest.update(data)
        size += len(data)
    return digest.hexdigest(), size
