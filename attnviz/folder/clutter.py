"""Files that systems and file managers leave in folders by themselves."""

from __future__ import annotations

import re
from pathlib import Path

# By name, whatever the case: Windows and macOS don't tell apart `Thumbs.db` and `thumbs.db`.
_FILES = re.compile(
    r"""
    \.ds_store | \._.* | icon\r | \.localized | \.lsoverride | \.apdisk        # macOS
    | thumbs\.db(:encryptable)? | ehthumbs(_vista)?\.db | desktop\.ini         # Windows
    | \.directory                                                              # KDE
    | \.nfs[0-9a-f]+ | \.fuse_hidden[0-9a-f]+   # deleted, but still open somewhere
    | \.~lock\..*\# | ~\$.*                     # locks of LibreOffice and Microsoft Office
    """,
    re.VERBOSE | re.IGNORECASE,
)

_UNPACKED = "__MACOSX"  # what an archive made on macOS leaves, full of `._` files

# Folders that a system keeps at the root of a disk: they are left alone.
_OF_DISKS = re.compile(
    r"""
    lost\+found | \.trash(es|-\d+)? | \$recycle\.bin | \#recycle | @recycle
    | system\ volume\ information | \.spotlight-v100 | \.fseventsd | \.temporaryitems
    | \.documentrevisions-v100 | \.snapshots? | \.zfs | \.stfolder
    """,
    re.VERBOSE | re.IGNORECASE,
)


def is_clutter(path: Path) -> bool:
    """Whether `path` is such a file, or such an archive's folder; links never are."""
    if path.is_symlink():
        return False
    if path.is_dir():
        return path.name == _UNPACKED and _holds_clutter_only(path)
    return path.is_file() and _FILES.fullmatch(path.name) is not None


def _holds_clutter_only(folder: Path) -> bool:
    return all(
        _holds_clutter_only(path) if path.is_dir() and not path.is_symlink() else is_clutter(path)
        for path in folder.iterdir()
    )


def belongs_to_disk(path: Path) -> bool:
    """Whether `path` is a folder that a system keeps on its disk: trash, index, recovered files."""
    return _OF_DISKS.fullmatch(path.name) is not None and path.is_dir()
