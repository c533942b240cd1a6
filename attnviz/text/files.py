"""Reads the text files named on the command line, or says why one can't be read."""

from __future__ import annotations

import codecs
import errno
import hashlib
import re
import shlex
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from attnviz.errors import InputError, NothingToAnalyseError, UsageError
from attnviz.text.missing import absent, closed_folder, folder_hint, too_long, unwritten
from attnviz.text.showable import showable
from attnviz.text.types import SourceFile

if TYPE_CHECKING:
    from collections.abc import Sequence

STDIN = "-"
MAX_BYTES = 256 * 2**20
_CHUNK = 2**20
# A file is taken for UTF-16 if more than this share of its characters are from the first 256.
_MOSTLY = 0.5

_PARQUET = """python3 -c "import pandas, sys; print(*pandas.read_parquet(sys.argv[1])['text'], \
sep='\\n')" {} > text.txt"""

# The longer marks first: UTF-32's begins like UTF-16's.
_FOREIGN_BOMS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "a PDF", "pdftotext {} text.txt"),
    (b"PK\x03\x04", "a ZIP archive (as .docx, .odt and .epub files are)", ""),
    (b"\x1f\x8b", "gzip-compressed", "gunzip -c {} > text.txt"),
    (b"BZh", "compressed with bzip2", "bunzip2 -c {} > text.txt"),
    (b"\xfd7zXZ\x00", "compressed with xz", "xz -dc {} > text.txt"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "zstd -dc {} > text.txt"),
    (b"PAR1", "a Parquet table", _PARQUET),
    (b"ARROW1", "an Arrow table", ""),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document", ""),
    (b"SQLite format 3\x00", "an SQLite database", ""),
    (b"\x89PNG", "an image", ""),
    (b"\xff\xd8\xff", "an image", ""),
    (b"GGUF", "a model", ""),
)


def read(
    paths: Sequence[str | Path],
    stdin: BinaryIO | None,
    max_bytes: int = MAX_BYTES,
    *,
    command: str = "",
) -> tuple[SourceFile, ...]:
    """Read the files at `paths` in their order, `-` from `stdin`; all line ends become line feeds.

    A file without text is kept beside others that have some, so that a corpus may hold one.
    `command` is what the user called, for hints that show how to call it.

    Raises `UsageError` where `-` is named twice, `InputError` for a file that can't be read, isn't
    text in UTF-8 or has more than `max_bytes`, `NothingToAnalyseError` where all are blank.
    """
    if sum(str(path) == STDIN for path in paths) > 1:
        raise UsageError(
            "Standard input (-) is named more than once.", "It can be read only once: name it once."
        )
    if unquoted := unwritten(paths, command):
        raise unquoted
    files = tuple(_read_one(path, stdin, max_bytes, command) for path in paths)
    if not any(file.text.strip() for file in files):
        names = ", ".join(_spoken(file.name) for file in files)
        raise NothingToAnalyseError(
            f"No text in {names}." if files else "No text was given.",
            "Give a file with at least one sentence.",
        )
    return files


def _read_one(path: str | Path, stdin: BinaryIO | None, max_bytes: int, command: str) -> SourceFile:
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
        raise unreadable(Path(path), name, error, command) from error
    text = _decode(data, name).replace("\r\n", "\n").replace("\r", "\n")
    return SourceFile(name, hashlib.sha256(data).hexdigest(), text)


def _from_stdin(stdin: BinaryIO | None, max_bytes: int) -> bytes:
    if stdin is None:
        raise InputError("Standard input is closed.", "Pipe text into it, or name a file.")
    return _drain(stdin, STDIN, max_bytes)


def _from_disk(path: Path, name: str, max_bytes: int) -> bytes:
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"{name} is a folder, not a text file.", folder_hint(path, name))
    if stat.S_ISBLK(status.st_mode):
        raise InputError(f"{name} is a storage device, not a text file.", "Name a text file.")
    if status.st_size > max_bytes:
        raise _too_large(name, status.st_size, max_bytes)
    # Pipes and character devices (/dev/stdin, process substitution) tell no size in advance.
    with path.open("rb") as stream:
        return _drain(stream, name, max_bytes)


def unreadable(path: Path, name: str, error: OSError | ValueError, command: str) -> InputError:
    """The error for a file that the system doesn't open or read."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return absent(path, name, command)
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        return too_long(name, command)
    if isinstance(error, PermissionError):
        closed = closed_folder(path)
        what = f"x {shlex.quote(showable(str(closed)))}" if closed else f"r {shlex.quote(name)}"
        return InputError(
            f"{_spoken(name)} can't be read: permission denied.",
            f"Allow it with `chmod u+{what}`, or run as a user who may read it.",
        )
    reason = (isinstance(error, OSError) and error.strerror) or str(error)
    return InputError(f"{_spoken(name)} can't be read: {reason}.", "Check the name.")


def _drain(stream: BinaryIO, name: str, max_bytes: int) -> bytes:
    """All of `stream`; stops reading at the first sign that it is no text or too large."""
    chunks: list[bytes] = []
    size = 0
    while chunk := stream.read(min(_CHUNK, max_bytes + 1 - size)):
        if not chunks:
            check_start(chunk, name)
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


def check_start(start: bytes, name: str) -> None:
    """Raises InputError where a file that begins so is in another encoding, or no text."""
    for bom, encoding in _FOREIGN_BOMS:
        if start.startswith(bom):
            raise InputError(
                f"{_spoken(name)} is in {encoding}, not in UTF-8.", _recode(name, encoding)
            )
    for magic, contents, command in _MAGIC:
        if start.startswith(magic):
            extraction = command.format("-" if name == STDIN else shlex.quote(name))
            raise InputError(
                f"{_spoken(name)} is not a text file: it is {contents}.",
                "Extract the text first, and give that as plain text in UTF-8"
                + (f": `{extraction}`." if extraction else "."),
            )
    if 0 in start and (encoding := _wide(start)):
        raise InputError(
            f"{_spoken(name)} looks like {encoding}, not UTF-8.", _recode(name, encoding)
        )


def _wide(start: bytes) -> str:
    """Guess at UTF-16 without a byte-order mark: every other byte of most text is zero."""
    pairs = len(start) // 2
    for first, encoding in ((0, "UTF-16BE"), (1, "UTF-16LE")):
        zeros, others = start[first::2].count(0), start[1 - first :: 2].count(0)
        if zeros > _MOSTLY * pairs and not others:
            return encoding
    return ""


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
