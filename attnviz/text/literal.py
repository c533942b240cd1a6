"""A sentence that is given itself, not in a file, and how it is told from a file's name."""

from __future__ import annotations

import hashlib
import os
import re

from attnviz.text.types import InputFormat, SourceFile

_SUFFIX = re.compile(r"\.[A-Za-z]\w{0,7}$")


def as_file(text: str, kind: InputFormat = "text") -> SourceFile:
    """A text that is in no file, as a file's."""
    sha256 = hashlib.sha256(text.encode(errors="replace")).hexdigest()
    return SourceFile("text", sha256, text, kind)


def sentence(text: str) -> SourceFile:
    """One sentence as a file of one line."""
    return as_file(text.replace("\r", " ").replace("\n", " ") + "\n")


def names_file(text: str) -> bool:
    """Whether a text is that of a file that exists, or looks like the name of one.

    What looks so has no spaces, and a separator of folders or a suffix such as .txt.
    """
    if text == "-":
        return True
    try:
        exists = os.path.lexists(text)
    except ValueError:  # a NUL byte
        exists = False
    spaced = any(map(str.isspace, text))
    return exists or (not spaced and (os.sep in text or _SUFFIX.search(text) is not None))
