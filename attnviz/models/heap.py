"""Gives memory back that the layers of a run leave behind in pieces."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any

_SIZE = 2**22


class Heap:
    """Counts what passes through a layer, and tidies up now and then.

    What little an observer keeps of each layer comes to lie between tensors of megabytes. glibc
    hands out aligned memory, which is what torch asks for, only from pieces larger than needed,
    and so fits no new tensor where an old one was: without this a run of SmolLM2 over 8,192 tokens
    takes 3,187 MiB in place of 1,436.
    """

    def __init__(self) -> None:
        self._size = 0

    def passed(self, size: int) -> None:
        """A layer has run whose queries are so many numbers."""
        self._size += size
        if self._size >= _SIZE:
            self._size = 0
            trim = _trim()
            if trim is not None:
                trim(0)


@cache
def _trim() -> Any:  # noqa: ANN401 - a C function
    """The malloc_trim of glibc, None where the C library is another."""
    return getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
