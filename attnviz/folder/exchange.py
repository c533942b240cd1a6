"""Swaps two paths atomically, which Python has no function for."""

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


def exchange(first: Path, second: Path) -> bool:
    """Swaps `first` and `second` atomically.

    False, with nothing done, where the system or the file system can't, or on any error: renaming
    one after the other then works, or raises that error.
    """
    sys.audit("attnviz.exchange", os.fspath(first), os.fspath(second))
    rename = _system_call()
    return rename is not None and rename(os.fsencode(first), os.fsencode(second)) == 0


@cache
def _system_call() -> Callable[[bytes, bytes], int] | None:
    """The C library's function, which returns 0 on success; None where it has none."""
    name = _NAMES.get(sys.platform)
    rename = getattr(ctypes.CDLL(None), name, None) if name else None
    if rename is None:
        return None
    flags, current = ctypes.c_uint(_EXCHANGE), ctypes.c_int(_CURRENT_FOLDER)
    if name == "renameat2":
        return lambda first, second: int(rename(current, first, current, second, flags))
    return lambda first, second: int(rename(first, second, flags))
