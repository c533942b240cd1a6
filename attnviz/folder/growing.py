"""A folder that grows file by file, each of them whole: for work that goes on where it stopped."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from attnviz.errors import WriteError
from attnviz.folder.contents import entries
from attnviz.folder.reasons import unfinished, unusable

if sys.platform != "win32":
    import fcntl

_LOCK = ".attnviz-lock"
_PART = re.compile(r"\.attnviz-.*\.part")
_CHUNK = 2**20


class Growing:
    """A folder that this process has for itself. Each file in it is whole, or isn't there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """Where a file lies, or would lie."""
        return self.folder / name

    def read(self, name: str) -> bytes | None:
        """What a file holds, None where there is none. Raises WriteError where it can't be read."""
        try:
            return self.path(name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise unusable(self.path(name), error) from error

    def put(self, name: str, data: bytes) -> None:
        """Writes a file. Raises WriteError where it can't be; the file is then as it was."""
        with self.writing(name) as file:
            file.write(data)

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """A file to write to, which takes its place at the end, once it is on the disk.

        Raises WriteError where it can't be written; the file is then as it was.
        """
        path = self.path(name)
        part = path.parent / f".attnviz-{path.name}.part"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
            _settle(path.parent)
        except BaseException as error:
            with suppress(OSError):
                part.unlink()
            if isinstance(error, OSError):
                raise unfinished(self.folder, error) from error
            raise

    def spool(self, name: str, stream: BinaryIO) -> None:
        """Writes all that a stream holds. Raises WriteError as `put` does."""
        with self.writing(name) as file:
            while chunk := stream.read(_CHUNK):
                file.write(chunk)

    def drop(self, name: str) -> None:
        """Removes a file, if it is there."""
        with suppress(FileNotFoundError):
            self.path(name).unlink()


@contextmanager
def growing(folder: Path, ours: Callable[[str], bool]) -> Iterator[Growing]:
    """Takes a folder, which is made if there is none, for this process.

    `ours` knows the paths of our files in it. Raises WriteError where there are others, where
    another process has the folder, and where it can't be used. What is left of files that a killed
    process wrote is removed, and so is a folder in which nothing was written.
    """
    try:
        absent = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        handle = _locked(folder)
    except (OSError, ValueError) as error:
        raise unusable(folder, error) from error
    try:
        _refuse_strangers(folder, ours)
        for path in folder.rglob(".attnviz-*.part"):
            path.unlink()
        yield Growing(folder)
    finally:
        with suppress(OSError):
            (folder / _LOCK).unlink()
        os.close(handle)
        for path in absent:
            with suppress(OSError):
                path.rmdir()


def _refuse_strangers(folder: Path, ours: Callable[[str], bool]) -> None:
    for path in folder.rglob("*"):  # the folder of somebody else may be large: the first will do
        name = path.relative_to(folder).as_posix()
        if path.is_dir() != ours(name) or path.name == _LOCK or _PART.fullmatch(path.name):
            continue  # a folder of any name, but that of a file of ours
        if path not in entries(path.parent):  # clutter
            continue
        raise WriteError(
            f"{folder} holds files that are of no scan: {name}.",
            "Choose another folder with -o, or move them away; nothing was changed.",
        )


def _locked(folder: Path) -> int:
    """A lock on the folder, which goes with the process. Raises WriteError where it is taken."""
    while True:
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT)
        if sys.platform == "win32":
            return handle
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise WriteError(
                f"Another run is writing to {folder}.",
                "Wait until it is done, or choose another folder with -o.",
            ) from None
        except OSError:  # a file system without locks
            return handle
        # The process that had it may just have removed the file.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), (folder / _LOCK).stat()):
                return handle
        os.close(handle)


def _settle(folder: Path) -> None:
    """Has the system write down what the folder holds, where it can be asked to."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:  # as on some network file systems
        pass
    finally:
        os.close(handle)
