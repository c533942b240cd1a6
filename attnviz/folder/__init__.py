"""Writes a report folder, or single files, whole or not at all; no other room writes files.

Public are `Signature`, `check` and `write` for a folder, `check_files` and `write_files` for single
files; only bytes and paths come in.
"""

from attnviz.folder.contents import Signature
from attnviz.folder.single import check_files, write_files
from attnviz.folder.writing import check, write

__all__ = ["Signature", "check", "check_files", "write", "write_files"]
