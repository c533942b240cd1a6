"""Reads the sentences and word forms of CoNLL-U files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attnviz.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attnviz.text.types import SourceFile

_COLUMNS = 10
_HINT = (
    "A word of CoNLL-U is ten columns with tabs between them, its number first; a blank line ends "
    "the sentence: https://universaldependencies.org/format.html"
)


def is_treebank(name: str) -> bool:
    """Tell whether a file of this name holds CoNLL-U."""
    return name.lower().endswith(".conllu")


def treebank_sentences(file: SourceFile) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Yield the line, the text and the word forms of each sentence of a CoNLL-U file.

    The text is the comment `# text =`, or else the forms, spaced as `SpaceAfter` says. The forms
    are those that stand in the text: a multiword token (`3-4`) counts once, as it is written, and
    empty nodes (`3.1`) don't count. Raises `InputError` with the line of the first fault.
    """
    for first, lines in _blocks(file.text):
        words = _words(file.name, first, lines)
        text = _comment_text(lines) or "".join(
            word["form"] + ("" if _no_space_after(word) else " ") for word in words
        )
        if text.strip():
            yield first, text.strip(), tuple(word["form"] for word in words)


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Group the lines between blank ones; each group has the number of its first line."""
    block: list[str] = []
    for number, line in enumerate([*text.split("\n"), ""], 1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def _comment_text(lines: list[str]) -> str:
    for line in lines:
        key, _, value = line.removeprefix("#").partition("=")
        if line.startswith("#") and key.strip() == "text":
            return value.strip()
    return ""


def _words(name: str, first: int, lines: list[str]) -> list[dict[str, Any]]:
    """Parse the words of one sentence as they stand in its text, and check their numbers."""
    surface: list[dict[str, Any]] = []
    count = covered = 0
    for number, line in enumerate(lines, first):
        if line.startswith("#"):
            continue
        token = _parsed(line, name, number)
        match token["id"]:
            case int(position):
                count += 1
                if position != count:
                    raise _malformed(name, number, f"word {position} stands where {count} should")
                if position > covered:
                    surface.append(token)
            case (int(start), "-", int(end)):
                if start != count + 1 or start <= covered:
                    raise _malformed(name, number, f"the range {start}-{end} is out of place")
                covered = end
                surface.append(token)
            case (int(), ".", int()):
                pass  # an empty node has no place in the text
            case _:
                raise _malformed(name, number, "the word has no number")
    if covered > count:
        raise _malformed(name, first, f"a range reaches to word {covered}, but there are {count}")
    return surface


def _parsed(line: str, name: str, number: int) -> dict[str, Any]:
    from conllu import parse_token_and_metadata
    from conllu.exceptions import ParseException

    columns = line.count("\t") + 1
    if columns != _COLUMNS:
        raise _malformed(name, number, f"{columns} columns instead of 10")
    try:
        token: dict[str, Any] = parse_token_and_metadata(line)[0]
    except (ParseException, ValueError) as error:
        raise _malformed(name, number, str(error).rstrip(".")) from error
    return token


def _no_space_after(word: dict[str, Any]) -> bool:
    # The column is absent, not empty, where the line ends in a tab: the library strips lines.
    return (word.get("misc") or {}).get("SpaceAfter") == "No"


def _malformed(name: str, line: int, reason: str) -> InputError:
    return InputError(f"{name}, line {line}: malformed CoNLL-U: {reason}.", _HINT)
