"""Writes a report folder, whole or not at all; no other room writes files.

Public are `Signature`, `check` and `write`; only bytes and paths come in.
"""

from attnviz.folder.contents import Signature
from attnviz.folder.writing import check, write

__all__ = ["Signature", "check", "write"]
