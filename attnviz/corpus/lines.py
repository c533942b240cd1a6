"""The lines of a file as a stream: unpacked where it is packed, its bytes hashed on the way."""

from __future__ import annotations

import gzip
import hashlib
import importlib
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from attnviz.errors import InputError, UsageError
from attnviz.text.files import check_start, unreadable

LONGEST = 64 * 2**20
"""Bytes that a line may have."""

_CHUNK = 2**20
_BOM = b"\xef\xbb\xbf"
_GZIP, _ZSTD, _PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"

Refuse = Callable[[InputError], object]
"""Told of what can't be read: it raises, or sets it aside."""


@dataclass(frozen=True)
class Stamp:
    """What a file was when it was read."""

    sha256: str
    size: int


class _Hashed(io.RawIOBase):
    """A file whose bytes are hashed as they are read."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file, self._hash, self._size = file, hashlib.sha256(), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - io's own
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._hash.update(data)
        self._size += len(data)
        return len(data)

    def stamp(self) -> Stamp:
        """The hash of the whole file, whose rest is read for it."""
        while data := self._file.read(_CHUNK):
            self._hash.update(data)
            self._size += len(data)
        return Stamp(self._hash.hexdigest(), self._size)


@contextmanager
def unpacked(path: Path, name: str, stamped: Callable[[Stamp], object]) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked; `stamped` gets its stamp at the end.

    Raises InputError where it can't be read or unpacked, UsageError where a package is missing.
    """
    try:
        if path.is_dir():
            raise InputError(f"{name} is a folder.", "Name the files in it.")
        if path.exists() and not path.is_file():  # what a pipe or device gives, it gives once
            raise InputError(
                f"{name} is no file, and a scan reads its text several times.",
                "Pipe it into standard input, which is copied: name it -.",
            )
        with path.open("rb") as file:
            hashed = _Hashed(file)
            try:
                yield _unpacked(io.BufferedReader(hashed, _CHUNK))
            except _damage() as error:
                stamped(hashed.stamp())
                raise InputError(
                    f"{name} can't be unpacked: {error}.",
                    "It may have been cut short: fetch it again.",
                ) from error
            except InputError:
                stamped(hashed.stamp())
                raise
            stamped(hashed.stamp())
    except OSError as error:
        raise unreadable(path, name, error, "") from error


def _unpacked(file: io.BufferedReader) -> BinaryIO:
    start = file.peek(4)
    if start.startswith(_GZIP):
        return cast("BinaryIO", gzip.GzipFile(fileobj=file))
    return _zstd(file) if start.startswith(_ZSTD) else file


def _zstd(file: io.BufferedReader) -> BinaryIO:
    """What a file packed with zstd holds, by Python's own library or by pyarrow's."""
    for module in ("compression.zstd", "pyarrow"):
        try:
            library = importlib.import_module(module)
        except ImportError:
            continue
        if module == "pyarrow":
            return io.BufferedReader(library.CompressedInputStream(file, "zstd"))
        return cast("BinaryIO", library.ZstdFile(file))
    raise UsageError(
        "A file packed with zstd takes Python 3.14, or pyarrow.",
        'Install it: pip install "attnviz[frames]"',
    )


def _damage() -> tuple[type[Exception], ...]:
    """What the libraries that unpack raise over damaged bytes, besides OSError."""
    zstd = sys.modules.get("compression.zstd")
    return (EOFError, zlib.error, gzip.BadGzipFile, *([zstd.ZstdError] if zstd else []))


def is_parquet(file: BinaryIO) -> bool:
    """Whether a stream, of which nothing was read yet, is a Parquet table."""
    peek = getattr(file, "peek", None)
    return peek is not None and peek(4).startswith(_PARQUET)


def numbered_lines(file: BinaryIO, name: str, refuse: Refuse) -> Iterator[tuple[int, str]]:
    """The lines of a text with their numbers, from 1; all line ends are alike.

    A line that isn't in UTF-8 is refused. Raises InputError for a file that begins as no text, and
    for a line that has no end.
    """
    number, rest, begun = 1, b"", False
    while True:
        chunk = file.read(_CHUNK)
        if not begun:
            check_start(chunk, name)
            chunk, begun = chunk.removeprefix(_BOM), True
        last = not chunk
        if chunk.endswith(b"\r"):  # its line feed may come next
            chunk += file.read(1)
        data = rest + chunk
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = data.split(b"\n")
        if last and rest:
            lines.append(rest)
        yield from _decoded(lines, number, name, refuse)
        number += len(lines)
        if last:
            return
        if len(rest) > LONGEST:
            raise InputError(
                f"{name}, line {number} has more than {LONGEST // 2**20} MiB.",
                "Put line feeds into it, between sentences.",
            )


def _decoded(
    lines: list[bytes], first: int, name: str, refuse: Refuse
) -> Iterator[tuple[int, str]]:
    try:
        texts = b"\n".join(lines).decode()
    except UnicodeDecodeError:
        texts = "\0"
    if lines and "\0" not in texts:
        yield from enumerate(texts.split("\n"), first)
        return
    for number, line in enumerate(lines, first):
        if 0 in line:
            refuse(
                InputError(
                    f"{name}, line {number} has a NUL byte: it is no text.",
                    "Extract the text first, as plain text in UTF-8.",
                )
            )
            continue
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            byte = line[error.start]
            refuse(
                InputError(
                    f"{name}, line {number} is not in UTF-8: byte 0x{byte:02X} can't be decoded.",
                    "Convert the file, say with `iconv -f WINDOWS-1252 -t UTF-8`.",
                )
            )
        else:
            yield number, text
