"""Room on disk that a run needs for itself, and that goes with the process."""

from __future__ import annotations

import atexit
from shutil import rmtree
from tempfile import mkdtemp


def scratch() -> str:
    """The path of a new, empty folder for temporary files."""
    folder = mkdtemp(prefix="attnviz-")
    atexit.register(rmtree, folder, ignore_errors=True)
    return folder
