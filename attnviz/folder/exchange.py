"""Two paths change places at one moment, which Python has no function for."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

_NAMES = {"linux": "renameat2", "darwin": "renamex_np"}
_CURRENT_FOLDER = -100  # AT_FDCWD: what relative paths are relative to
_EXCHANGE = 2  # RENAME_EXCHANGE on Linux, RENAME_SWAP on macOS


def exchange(one: Path, other: Path) -> bool:
    """Lets `one` and `other` change places, as a whole and at one moment.

    False, with nothing done, where that can't be: the caller then renames one after the other
    and hears what is wrong, if it is more than an old system or a simple file system.
    """
    sys.audit("attnviz.exchange", os.fspath(one), os.fspath(other))
    rename = _system_call()
    return rename is not None and rename(os.fsencode(one), os.fsencode(other)) == 0


@cache
def _system_call() -> Callable[[bytes, bytes], int] | None:
    """The C library's function, which returns 0 when it is done; None where it has none."""
    name = _NAMES.get(sys.platform)
    rename = getattr(ctypes.CDLL(None), name, None) if name else None
    if rename is None:
        return None
    how, here = ctypes.c_uint(_EXCHANGE), ctypes.c_int(_CURRENT_FOLDER)
    if name == "renameat2":
        return lambda one, other: int(rename(here, one, here, other, how))
    return lambda one, other: int(rename(one, other, how))
