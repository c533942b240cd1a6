"""Report folders, old and new, and a user who may not write them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

from attnviz.folder import Signature

KIND = Signature("test.report/1", frozenset({"report.html", "report.json"}))


def report(*figures: str, body: str = "new") -> dict[str, bytes]:
    """The files of a small report with `figures`."""
    named = [{"path": f"figures/{figure}"} for figure in figures]
    manifest = json.dumps({"schema": KIND.schema, "figures": named})
    files = {"report.html": body.encode(), "report.json": manifest.encode()}
    for figure in figures:
        files |= {f"figures/{figure}.{suffix}": body.encode() for suffix in ("png", "svg")}
    return files


OLD, NEW = report("a", "s001/old", body="old"), report("a", "s002/new")


@contextmanager
def unprivileged() -> Iterator[None]:
    """As a user without rights: root may write anywhere, and would see no error."""
    if os.getuid() != 0:
        yield
        return
    os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
