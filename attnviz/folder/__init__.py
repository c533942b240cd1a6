"""Writes a report folder, a folder that grows, or single files, whole or not at all.

No other room writes files. Public are `Signature`, `check` and `write` for a folder, `growing` for
one that grows, `check_shelf` for one of report folders, `check_files` and `write_files` for single
files; only bytes and paths come in.
"""

from attnviz.folder.contents import Signature
from attnviz.folder.growing import Growing, growing
from attnviz.folder.shelf import check_shelf
from attnviz.folder.single import check_files, write_files
from attnviz.folder.writing import check, write

__all__ = [
    "Growing",
    "Signature",
    "check",
    "check_files",
    "check_shelf",
    "growing",
    "write",
    "write_files",
]
