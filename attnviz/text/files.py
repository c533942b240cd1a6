"""Reads the text that is named on the command line; says clearly why where it can't."""

from __future__ import annotations

import codecs
import difflib
import hashlib
import re
import shlex
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from attnviz.errors import InputError, NothingToAnalyseError, UsageError
from attnviz.text.showable import showable
from attnviz.text.types import SourceFile

if TYPE_CHECKING:
    from collections.abc import Sequence

STDIN = "-"
MAX_BYTES = 256 * 2**20
_CHUNK = 2**20

# The longer marks first: UTF-32's begins like UTF-16's.
_FOREIGN_BOMS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_MAGIC = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive (as .docx, .odt and .epub files are)"),
    (b"\x1f\x8b", "gzip-compressed"),
)


def read(
    paths: Sequence[str | Path], stdin: BinaryIO | None, max_bytes: int = MAX_BYTES
) -> tuple[SourceFile, ...]:
    """Read the files at `paths` in their order, `-` from `stdin`; all line ends become line feeds.

    A file without text is kept beside others that have some, so that a corpus may hold one.

    Raises `UsageError` where `-` is named twice, `InputError` for a file that can't be read, isn't
    text in UTF-8 or has more than `max_bytes`, `NothingToAnalyseError` where all are blank.
    """
    if sum(str(path) == STDIN for path in paths) > 1:
        raise UsageError(
            "Standard input (-) is named more than once.", "It can be read only once: name it once."
        )
    files = tuple(_read_one(path, stdin, max_bytes) for path in paths)
    if not any(file.text.strip() for file in files):
        names = ", ".join(_spoken(file.name) for file in files)
        raise NothingToAnalyseError(
            f"No text in {names}." if files else "No text was given.",
            "Give a file with at least one sentence.",
        )
    return files


def _read_one(path: str | Path, stdin: BinaryIO | None, max_bytes: int) -> SourceFile:
    # A name may hold anything but NUL, even bytes that are no text: it is made showable once, here.
    name = showable(str(path))
    if not name:
        raise InputError("A file name is empty.", "Check the quotes and variables of the command.")
    try:
        if name == STDIN:
            data = _from_stdin(stdin, max_bytes)
        else:
            data = _from_disk(Path(path), name, max_bytes)
    except (OSError, ValueError) as error:
        raise _unreadable(Path(path), name, error) from error
    text = _decode(data, name).replace("\r\n", "\n").replace("\r", "\n")
    return SourceFile(name, hashlib.sha256(data).hexdigest(), text)


def _from_stdin(stdin: BinaryIO | None, max_bytes: int) -> bytes:
    if stdin is None:
        raise InputError("Standard input is closed.", "Pipe text into it, or name a file.")
    return _drain(stdin, STDIN, max_bytes)


def _from_disk(path: Path, name: str, max_bytes: int) -> bytes:
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise InputError(
            f"{name} is a folder, not a text file.",
            f"Name the files in it: {shlex.quote(name.rstrip('/'))}/*.txt",
        )
    if stat.S_ISBLK(status.st_mode):
        raise InputError(f"{name} is a storage device, not a text file.", "Name a text file.")
    if status.st_size > max_bytes:
        raise _too_large(name, status.st_size, max_bytes)
    # Pipes and character devices (/dev/stdin, process substitution) tell no size in advance.
    with path.open("rb") as stream:
        return _drain(stream, name, max_bytes)


def _unreadable(path: Path, name: str, error: OSError | ValueError) -> InputError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return InputError(f"There is no file {name}.", _closest(path))
    if isinstance(error, PermissionError):
        return InputError(
            f"{_spoken(name)} can't be read: permission denied.",
            f"Allow it with `chmod u+r {shlex.quote(name)}`, or run as a user who may read it.",
        )
    reason = (isinstance(error, OSError) and error.strerror) or str(error)
    return InputError(f"{_spoken(name)} can't be read: {reason}.", "Check the name.")


def _closest(path: Path) -> str:
    """Say what the user may have meant by `path`, which doesn't exist."""
    folder = path.parent
    if not folder.is_dir():
        return f"The folder {showable(str(folder))} doesn't exist either; check the path."
    try:
        found = difflib.get_close_matches(path.name, [each.name for each in folder.iterdir()], n=1)
    except OSError:
        found = []
    if found:
        return f"Did you mean {showable(str(folder / found[0]))}?"
    return "Check the name, and the folder you are in."


def _drain(stream: BinaryIO, name: str, max_bytes: int) -> bytes:
    """All of `stream`, given up as soon as it turns out to be no text or too much."""
    chunks: list[bytes] = []
    size = 0
    while chunk := stream.read(min(_CHUNK, max_bytes + 1 - size)):
        if not chunks:
            _check_encoding(chunk, name)
        zero = chunk.find(0)
        if zero >= 0:
            raise InputError(
                f"{_spoken(name)} is not a text file: it has a NUL byte at offset {size + zero}.",
                "Give plain text in UTF-8; extract it first from other formats.",
            )
        chunks.append(chunk)
        size += len(chunk)
        if size > max_bytes:
            raise _too_large(name, None, max_bytes)
    return b"".join(chunks)


def _check_encoding(start: bytes, name: str) -> None:
    for bom, encoding in _FOREIGN_BOMS:
        if start.startswith(bom):
            raise InputError(
                f"{_spoken(name)} is in {encoding}, not in UTF-8.", _recode(name, encoding)
            )
    for magic, kind in _MAGIC:
        if start.startswith(magic):
            raise InputError(
                f"{_spoken(name)} is not a text file: it is {kind}.",
                "Extract the text first, and give that as plain text in UTF-8.",
            )


def _decode(data: bytes, name: str) -> str:
    body = data.removeprefix(codecs.BOM_UTF8)
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        offset = error.start + len(data) - len(body)
        line = 1 + len(re.findall(rb"\r\n|\r|\n", data[:offset]))
        raise InputError(
            f"{_spoken(name)} is not in UTF-8: byte 0x{data[offset]:02X} at offset {offset} "
            f"(line {line}) can't be decoded.",
            _recode(name, _guess(data)),
        ) from error


def _guess(data: bytes) -> str:
    """Propose a single-byte encoding that can hold `data`; most bytes fit several."""
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return "ISO-8859-1"
    return "WINDOWS-1252"


def _recode(name: str, encoding: str) -> str:
    condition = "" if encoding.startswith("UTF") else f"If it is {encoding}: "
    command = f"iconv -f {encoding} -t UTF-8"
    if name == STDIN:
        return f"{condition}Pipe it through `{command}`."
    return f"{condition}Convert it with `{command} {shlex.quote(name)} > utf8.txt`."


def _too_large(name: str, size: int | None, max_bytes: int) -> InputError:
    limit = f"{max_bytes / 2**20:,.0f} MiB"
    has = f"{size / 2**20:,.0f} MiB, and the limit is {limit}" if size else f"more than {limit}"
    command = "head -n 5000" if name == STDIN else f"head -n 5000 {shlex.quote(name)}"
    return InputError(
        f"{_spoken(name)} is too large: {has}.",
        f"Give a part of it, say `{command}`: a few thousand sentences are plenty.",
    )


def _spoken(name: str) -> str:
    return "standard input" if name == STDIN else name
