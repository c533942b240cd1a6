"""Detects a text file's format from its name and content; refuses tables and markup."""

from __future__ import annotations

import json
import shlex
from itertools import islice
from typing import TYPE_CHECKING, Literal

import regex

from attnviz.errors import InputError
from attnviz.text.showable import showable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from attnviz.text.types import SourceFile

Format = Literal["text", "conllu", "jsonl"]

_CONLLU_NAME = regex.compile(r"\.(conllu|conllup|conll)(\.txt)?$", regex.IGNORECASE)
_JSON_NAME = regex.compile(r"\.(jsonl|ndjson|json|ipynb)(\.txt)?$", regex.IGNORECASE)
_TABLE_NAME = regex.compile(r"\.(csv|tsv|tab)(\.txt)?$", regex.IGNORECASE)
_MARKUP_NAME = regex.compile(r"\.(html?|xhtml|xml|rtf)$", regex.IGNORECASE)

# A treebank's first lines: a comment with one of its keys, or a word of ten columns.
_CONLLU_COMMENT = regex.compile(
    r"#\s*((sent_id|text|newdoc id|newpar id|global\.\S+)\s*=|(newdoc|newpar)\s*$)"
)
_CONLLU_WORD = regex.compile(r"\d+([-.]\d+)?\t[^\t]+(\t[^\t]*){4}\t(\d+|_)(\t[^\t]*){3}")
# What begins so is JSON that holds objects or lists, and hardly a sentence: not `[MASK] is`.
_JSON_START = regex.compile(r"\s*(\{\s*[\"}]|\[\s*[\[{\"])")
_MARKUP_START = regex.compile(r"\s*(<\?xml|<!doctype\s+html|<html\b|\{\\rtf)", regex.IGNORECASE)
_COLUMN_NAME = regex.compile(r"[\p{L}_\"][\w.\-\"]*")
_LOOKED_AT = 50


def format_of(file: SourceFile, *, pairs: bool = False) -> Format:
    """The format of `file`: the user's choice, or else detected from its name and content.

    `pairs`: the file is to hold two texts a line with a tab between them, so that is no table.

    Raises `InputError`, with a command that gets the sentences out, for a table and for markup.
    """
    if file.format != "auto":
        return file.format
    lines = list(islice((line for line in file.text.split("\n") if line.strip()), _LOOKED_AT))
    if _CONLLU_NAME.search(file.name) or _holds_words(lines):
        return "conllu"
    if _JSON_NAME.search(file.name) or _JSON_START.match(file.text):
        return "jsonl"
    if _MARKUP_NAME.search(file.name) or _MARKUP_START.match(file.text):
        raise InputError(
            f"{file.shown} holds markup, not plain text.",
            f"Extract the text first: `{_pandoc(file)}`. {_AS_TEXT}",
        )
    if not pairs and (separator := _separator(file, lines)):
        raise _table(file, separator)
    return "text"


_AS_TEXT = "--input-format text takes its lines as they are."


def no_json(file: SourceFile) -> InputError:
    """The error for JSON where sentences are wanted, with a command that gets them out."""
    value = _first_value(file.text)
    lines = "JSON Lines" if isinstance(value, dict) else "JSON"
    if _is_conversation(value):
        return InputError(
            f"{file.shown} holds conversations ({lines}).",
            f"--chat reads them through the model's chat template. {_AS_TEXT}",
        )
    path = "." if isinstance(value, dict) else ".[]"
    item = value[0] if isinstance(value, list) and value else value
    key = _longest_text(item)
    name = "." if isinstance(item, str) else f".[{key}]" if key else ".text"
    return InputError(
        f"{file.shown} holds {lines}, not plain text.",
        "Extract the sentences first: "
        + _command(file, "jq -r " + shlex.quote(f'{path} | {name} | gsub("\\\\s+"; " ")'))
        + f" {_AS_TEXT}",
    )


def _holds_words(lines: Sequence[str]) -> bool:
    if not lines:
        return False
    if _CONLLU_COMMENT.match(lines[0]):
        return True
    first = next((line for line in lines if not line.startswith("#")), "")
    return _CONLLU_WORD.fullmatch(first.rstrip("\r")) is not None


def _separator(file: SourceFile, lines: Sequence[str]) -> str:
    """The separator of a table's columns; "" where `lines` are no table."""
    if named := _TABLE_NAME.search(file.name):
        return "," if named[1].lower() == "csv" else "\t"
    if len(lines) > 1 and _evenly(lines, "\t"):
        return "\t"
    header = lines[0].split(",") if lines else []
    is_header = len(header) > 1 and all(map(_COLUMN_NAME.fullmatch, header))
    return "," if is_header and len(lines) > 1 and all("," in line for line in lines) else ""


def _evenly(lines: Iterable[str], separator: str) -> bool:
    counts = {line.strip().count(separator) for line in lines}
    return len(counts) == 1 and counts != {0}


def _table(file: SourceFile, separator: str) -> InputError:
    if separator == "\t":
        return InputError(
            f"{file.shown} holds a table: columns with tabs between them.",
            "--split pair reads two texts a line; one column of several is "
            f"{_command(file, 'cut -f 2')} {_AS_TEXT}",
        )
    code = "import csv, sys; print(*(row[1] for row in csv.reader(sys.stdin)), sep='\\n')"
    return InputError(
        f"{file.shown} holds a table: columns with commas between them.",
        "Extract the column with the sentences, here the second: "
        f"{_command(file, f'python3 -c {shlex.quote(code)}', redirected=True)} {_AS_TEXT}",
    )


def _command(file: SourceFile, command: str, *, redirected: bool = False) -> str:
    """`command` on the file, in backquotes; for standard input as a filter before ours."""
    if file.name == "-":
        return f"`… | {command} | attnviz report MODEL -`."
    name = ("< " if redirected else "") + shlex.quote(file.name)
    return f"`{command} {name} > sentences.txt`."


def _pandoc(file: SourceFile) -> str:
    kind = " -f rtf" if file.text.lstrip().startswith("{\\rtf") else " -f html"
    if file.name == "-":
        return f"… | pandoc{kind} -t plain --wrap=none | attnviz report MODEL -"
    return f"pandoc{kind} -t plain --wrap=none {shlex.quote(file.name)} -o text.txt"


def _first_value(text: str) -> object:
    try:
        return json.JSONDecoder().raw_decode(text.lstrip())[0]
    except (ValueError, RecursionError):
        return {}


def _is_conversation(value: object) -> bool:
    if isinstance(value, list) and value:
        return _is_conversation(value[0])
    return isinstance(value, dict) and ("messages" in value or {"role", "content"} <= value.keys())


def _longest_text(item: object) -> str:
    """The key, in quotes, of an object's longest text: most likely the sentence; "" for none."""
    texts = {k: v for k, v in item.items() if isinstance(v, str)} if isinstance(item, dict) else {}
    longest = max(texts, key=lambda key: len(texts[key]), default="")
    return showable(json.dumps(longest, ensure_ascii=False)) if longest else ""
