"""Compiling the fused kernel's loops, and keeping what was compiled where the machine lets us.

What is kept is that of these very sources: Numba itself looks at the one file that a loop stands
in, and not at those of the functions that it calls.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile

fast = njit(nogil=True, fastmath=True, error_model="numpy", inline="always")
"""For what is small, and stands within the loop that calls it."""

apart = njit(nogil=True, fastmath=True, error_model="numpy")
"""For what is called."""


def compiled(function: Any) -> Any:  # noqa: ANN401 - a loop, of types that Numba infers
    """Compiles a loop on its first call for each signature, from disk where it was kept there.

    Where no folder for it can be written (a container run as another user), or what it holds is
    damaged, the loop is compiled for this process alone: some seconds, the same numbers. A shared
    temporary folder would not do, for what Numba keeps is pickled, and others could write it.
    """
    loop: Any = njit(nogil=True, fastmath=True, error_model="numpy")(function)
    with suppress(RuntimeError):  # Numba's, where it has no place for its files
        kept: Any = _Kept
        loop._cache = kept(function)  # noqa: SLF001 - where njit(cache=True) puts its own
    return loop


@cache
def stamp(folder: Path = Path(__file__).parent) -> str:
    """What changes with any source of a folder; the kernels' own by default."""
    sources = sorted(folder.glob("*.py"))
    return sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


class _Kept(FunctionCache):
    """Numba's cache on disk, which may fail at any moment without stopping the run."""

    def __init__(self, function: Any) -> None:  # noqa: ANN401
        cache: Any = super()
        cache.__init__(function)
        impl: Any = self._impl
        index: Any = IndexDataCacheFile
        stamps = impl.locator.get_source_stamp(), stamp()
        self._cache_file = index(self._cache_path, impl.filename_base, stamps)

    def load_overload(self, sig: Any, target_context: Any) -> Any:  # noqa: ANN401
        """What was kept for these types; None where there is nothing, or nothing readable."""
        cache: Any = super()
        try:
            return cache.load_overload(sig, target_context)
        except Exception:  # noqa: BLE001 - whatever unpickling a damaged file raises
            with suppress(Exception):
                cache.flush()  # or nothing could be kept beside it
            return None

    def save_overload(self, sig: Any, data: Any) -> None:  # noqa: ANN401
        """Keeps what was compiled; a full or withdrawn disk keeps nothing."""
        cache: Any = super()
        with suppress(Exception):
            cache.save_overload(sig, data)
