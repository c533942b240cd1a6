"""The one place that writes files: a whole report folder, or nothing.

Public are `Kind`, `check` and `write`; only bytes and paths come in.
"""

from attnviz.folder.contents import Kind
from attnviz.folder.writing import check, write

__all__ = ["Kind", "check", "write"]
