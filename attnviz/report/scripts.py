"""The explorer's modules as the one script of a page, packed, and what opens it.

A page holds the script deflated, in a third of the room, and a few lines that open it; its policy
names both by their hashes, so that nothing else may run.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from functools import cache
from pathlib import Path

from markupsafe import Markup

from attnviz.report.pages import read, templates

_IMPORT = re.compile(
    r'^import (?P<names>\{[^}]*\}) from "(?P<path>\.{1,2}/[a-z/-]+\.js)";\n', re.MULTILINE
)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class) (?P<name>\w+))", re.MULTILINE)
_LEFT_OVER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*(?:/\*\*(?:(?!\*/).)*\*/|//[^\n]*)\n", re.MULTILINE | re.DOTALL)
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
_END = re.compile(r"</script|<!--", re.IGNORECASE)


@cache
def script() -> Markup:
    """All modules of the explorer in one script, each in a function, after those it imports.

    Modules import and export by name alone. Comments and indentation are left out: no text in them
    goes over several lines whose indentation means anything. ValueError for what can't be joined
    so, and for what would end the script.
    """
    paths = _in_order((templates() / "explorer" / "main.js").resolve())
    numbers = {path: number for number, path in enumerate(paths)}
    joined = "\n".join(_function(path, numbers) for path in paths)
    if _END.search(joined):
        raise ValueError("The explorer's script would end its element.")
    return Markup(joined)  # noqa: S704 - our own files, checked above


@cache
def packed() -> str:
    """The same, deflated, in base64."""
    return base64.b64encode(zlib.compress(script().encode(), 9)).decode()


@cache
def loader() -> Markup:
    """The lines that open the packed script, or say what the browser lacks."""
    text = _bare(templates() / "explorer" / "load.js").strip("\n")
    if _END.search(text):
        raise ValueError("What loads the explorer's script would end its element.")
    return Markup(text)  # noqa: S704 - our own file, checked above


def allowed(text: str) -> str:
    """A script as a Content-Security-Policy names it."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _in_order(path: Path, importing: tuple[Path, ...] = ()) -> list[Path]:
    """A module after all that it imports, each once."""
    if path in importing:
        raise ValueError(f"The explorer's modules import in a circle at {path.name}.")
    order: list[Path] = []
    for match in _IMPORT.finditer(read(path)):
        imported = _in_order(_imported(path, match), (*importing, path))
        order += [each for each in imported if each not in order]
    return [*order, path]


def _function(path: Path, numbers: dict[Path, int]) -> str:
    """A module as a function that returns what it exports, without its comments."""
    text = _bare(path)
    names = [match["name"] for match in _EXPORT.finditer(text)]
    text = _IMPORT.sub(
        lambda match: f"const {match['names']} = module{numbers[_imported(path, match)]};\n",
        _EXPORT.sub("", text),
    ).strip("\n")
    if left := _LEFT_OVER.search(text):
        raise ValueError(f"{path.name} can't be joined with other modules: {left[0]}")
    return (
        f"const module{numbers[path]} = (() => {{\n{text}\nreturn {{ {', '.join(names)} }};\n}})();"
    )


def _bare(path: Path) -> str:
    """A module without its comments and indentation."""
    return _INDENT.sub("", _COMMENT.sub("", read(path)))


def _imported(path: Path, match: re.Match[str]) -> Path:
    return (path.parent / match["path"]).resolve()
