"""A folder of report folders, with a page that lists them."""

from __future__ import annotations

from pathlib import Path

from attnviz.errors import WriteError
from attnviz.folder.contents import Signature, entries, is_report
from attnviz.folder.reasons import unusable
from attnviz.folder.writing import check

_START = 4096


def check_shelf(folder: Path, names: list[str], page: str, mark: str, signature: Signature) -> None:
    """Raises WriteError unless folders of these names, and a page, may be written to `folder`.

    It may be absent or hold reports in folders, and a page in whose start stands the `mark`.
    """
    try:
        for path in entries(folder) if folder.is_dir() else ():
            if path.name == page:
                ours = path.is_file() and mark in path.read_bytes()[:_START].decode(
                    errors="replace"
                )
            else:
                ours = path.is_dir() and (not entries(path) or is_report(path, signature))
            if not ours:
                raise WriteError(
                    f"{folder} holds what is no report of a text: {path.name}.",
                    "Choose another folder with -o, or move it away; nothing was changed.",
                )
        for name in names:
            check(folder / name, signature)
    except (OSError, ValueError) as error:
        raise unusable(folder, error) from error
