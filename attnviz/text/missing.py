"""Error messages for paths that can't be read as text, with what the user may have meant."""

from __future__ import annotations

import difflib
import glob
import os
import re
import shlex
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from attnviz.errors import InputError
from attnviz.text.showable import showable

if TYPE_CHECKING:
    from collections.abc import Sequence

_SUFFIX = re.compile(r"\.\w{1,8}$")
_URL = re.compile(r"(https?|ftp|s3|gs|hf)://")
_PATTERN = re.compile(r"[*?]|\[[^\s]+\]")
_TEXTS = (".txt", ".conllu", ".conll", ".tsv", ".jsonl", ".md")
_LONG = 60


def unwritten(paths: Sequence[str | Path], command: str) -> InputError | None:
    """The error where several names are the words of one text, written without quotes.

    None where one of them exists, or looks like a name.
    """
    names = [str(path) for path in paths]
    if len(names) < 2 or not command or any(map(_is_name, names)):
        return None
    if any(_closest(Path(name)) for name in names):
        return None
    text = " ".join(names)
    return InputError(
        f"There are no files {showable(_cut(text))}.",
        f"If that is the text itself: {_piped(text, command)}",
    )


def _is_name(name: str) -> bool:
    try:
        exists = name == "-" or os.path.lexists(name)
    except ValueError:
        exists = False
    return exists or os.sep in name or _SUFFIX.search(name) is not None or not name


def absent(path: Path, name: str, command: str) -> InputError:
    """The error for a file that isn't there, with what may have been meant."""
    if path.is_symlink():
        aim = showable(str(path.readlink()))
        return InputError(f"{name} is a link to {aim}, which doesn't exist.", "Mend the link.")
    return _no_file(name, _meant(path, name, command))


def too_long(name: str, command: str) -> InputError:
    """The error for a name that is longer than those of files may be."""
    text = f"If that is the text itself: {_piped(name, command)}"
    hint = text if _looks_like_text(name) else "The name is longer than that of any file."
    return _no_file(name, hint)


def _no_file(name: str, hint: str) -> InputError:
    shown = _cut(name) if _looks_like_text(name) else name
    return InputError(f"There is no file {shown}{'' if shown[-1] in '.?!…' else '.'}", hint)


def _meant(path: Path, name: str, command: str) -> str:
    if _URL.match(name):
        piped = f"curl -L {shlex.quote(name)} | {command or 'attnviz report MODEL'} -"
        return f"Nothing is downloaded; pipe it in: {piped}"
    if name.startswith("~") and path.expanduser().exists():
        return f"Did you mean {showable(str(path.expanduser()))}? In quotes ~ stays as it is."
    pattern = _PATTERN.search(name)
    if not pattern and (near := _closest(path)):
        return f"Did you mean {showable(str(near))}?"
    if _looks_like_text(name):
        return f"If that is the text itself: {_piped(name, command)}"
    if pattern:
        return _unexpanded(name)
    if not path.parent.is_dir():
        return f"The folder {showable(str(path.parent))} doesn't exist either; check the path."
    check = "Check the name, and the folder you are in"
    if not command or (_SUFFIX.search(name) and not command.startswith("attnviz draw ")):
        return f"{check}."
    return f"{check}; if it is the text itself: {_piped(name, command)}"


def _looks_like_text(name: str) -> bool:
    return any(map(str.isspace, name)) and _SUFFIX.search(name) is None


def _piped(text: str, command: str) -> str:
    """The command that reads `text` from standard input."""
    if not command:
        return "give it as a string, not as a path."
    return f"echo {shlex.quote(_cut(text))} | {command} -"


def _cut(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


def _unexpanded(name: str) -> str:
    if any(glob.iglob(name)):  # noqa: PTH207 - reads a pattern as the shell does, absolute ones too
        return "The shell didn't fill in the pattern: leave off the quotes around it."
    return "No file matches the pattern; check the folder you are in."


def _closest(path: Path) -> Path | None:
    """The file of the same folder whose name is most like that of `path`, if any is."""
    try:
        names = [file.name for file in path.parent.iterdir()]
    except OSError:
        return None
    near = difflib.get_close_matches(path.name, names, n=1)
    return path.parent / near[0] if near else None


def closed_folder(path: Path) -> Path | None:
    """The first folder above `path` that may not be entered."""
    above = [folder for folder in reversed(path.parents) if folder.is_dir()]
    return next((folder for folder in above if not os.access(folder, os.X_OK)), None)


def folder_hint(path: Path, name: str) -> str:
    """What to name instead of a folder."""
    bare = shlex.quote(name.rstrip("/") or name)
    try:
        names = [file.name for file in path.iterdir()]
    except OSError:
        names = []
    if "config.json" in names:
        return f"It looks like a model, which comes first: attnviz report {bare} TEXT"
    if not names:
        return "It holds no files; name a text file."
    suffixes = Counter(Path(file).suffix.lower() for file in names)
    known = [suffix for suffix in _TEXTS if suffixes[suffix]]
    best = max(known, key=lambda suffix: suffixes[suffix], default=".txt")
    return f"Name the files in it: {bare}/*{best}"
