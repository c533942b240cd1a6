"""Writes a report folder, whole or not at all, or one that grows; no other room writes files.

Public are `Signature`, `check` and `write`, and `growing`; only bytes and paths come in.
"""

from attnviz.folder.contents import Signature
from attnviz.folder.growing import Growing, growing
from attnviz.folder.writing import check, write

__all__ = ["Growing", "Signature", "check", "growing", "write"]
