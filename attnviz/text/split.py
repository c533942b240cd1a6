"""Splits text into sentences: by lines, by a segmenter of prose, into pairs, or not at all."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Literal, NamedTuple

import regex

from attnviz.errors import InputError, NothingToAnalyseError
from attnviz.text.annotation import joined
from attnviz.text.chat import conversations
from attnviz.text.formats import format_of, no_json
from attnviz.text.pairs import Pair, lines, pair_lines
from attnviz.text.treebank import treebank_sentences
from attnviz.text.types import Annotation, Sentence, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Split = Literal["auto", "line", "sentence", "document", "pair"]

# What share of the lines must be one whole sentence each for a file to be a list of sentences.
_LINEWISE = 0.9

# The ellipsis ends sentences too, though Unicode doesn't count it; closing quotes may follow, and
# what closes a quotation in German opens one in English.
_FINAL_MARK = regex.compile(r"[\p{Sentence_Terminal}…\u037E][\p{Pe}\p{Pf}\p{Pi}\"'\uFE0F]*$")

# Scripts that put no space between words get none where a line was wrapped.
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\u3000-\u303F\uFF00-\uFF60]")


class _Found(NamedTuple):
    line: int
    text: str
    forms: tuple[str, ...] = ()
    annotation: Annotation | None = None
    document: str = ""
    pair: Pair | None = None
    messages: str = ""


def sentences(
    files: Sequence[SourceFile],
    split: Split = "auto",
    language: str = "en",
    *,
    chat: bool = False,
    blank_lines: bool = False,
) -> tuple[Sentence, ...]:
    """Split all `files` into sentences, numbered from 1 through the run; blank ones are left out.

    `line` takes each line, `document` each file as one, `sentence` splits prose by the rules of
    `language` (a code such as `en`). `auto` decides for each file: `line` where nine lines in ten
    are one sentence with a final mark, else `sentence`. A treebank brings its own sentences, with
    their annotation; `document` joins them, where the file has `# newdoc` those of each document.
    `pair` takes each line as two texts with a tab between them; a pair may lack one of them.

    `chat`: JSON brings conversations, and without a `split` each line of text is a message.
    `blank_lines`: where a sentence is a line, blank lines are sentences without text.

    Raises `InputError` for a malformed treebank or conversation, for either that is to hold pairs,
    for a line that is no pair, and for a file that holds no sentences, such as a table;
    `NothingToAnalyseError` where no sentence has text.
    """
    return tuple(iterate(files, split, language, chat=chat, blank_lines=blank_lines))


def iterate(
    files: Sequence[SourceFile],
    split: Split = "auto",
    language: str = "en",
    *,
    chat: bool = False,
    blank_lines: bool = False,
) -> Iterator[Sentence]:
    """The same, one sentence at a time."""
    how = _How("line" if chat and split == "auto" else split, language, chat, blank_lines)
    texts = ((file.name, found) for file in files for found in _split(file, how))
    empty, number = True, 0
    for name, found in texts:
        if not (blank_lines or found.text):
            continue
        number += 1
        empty = empty and not found.text
        yield Sentence(
            number,
            found.text,
            name,
            found.line,
            found.forms,
            found.annotation,
            found.document,
            found.pair,
            language,
            found.messages,
        )
    if empty:
        names = ", ".join(file.shown for file in files) or "the input"
        raise NothingToAnalyseError(
            f"No sentence in {names}.", "Give a file with at least one sentence."
        )


class _How(NamedTuple):
    split: Split
    language: str
    chat: bool
    blank_lines: bool


def _split(file: SourceFile, how: _How) -> Iterator[_Found]:
    form = format_of(file, pairs=how.split == "pair")
    if form == "jsonl" and not how.chat:
        raise no_json(file)
    if how.split == "pair":
        return _pairs(file, form)
    if form == "conllu" and how.chat:
        raise InputError(
            f"{file.shown} holds annotated sentences, and no conversations.",
            "Leave out --chat, or give plain text or JSON Lines.",
        )
    if form == "conllu":
        found = (_Found(*one) for one in treebank_sentences(file))
        return _documents(found) if how.split == "document" else found
    if form == "jsonl":
        return (_Found(line, text, messages=chat) for line, text, chat in conversations(file))
    return _plain(file.text, how)


def _plain(text: str, how: _How) -> Iterator[_Found]:
    if how.split == "document":
        first = next(_full_lines(text), None)
        return iter([_Found(first.line if first else 1, text.strip())])
    if how.split == "line" or (how.split == "auto" and _is_linewise(text, how.language)):
        return (_Found(number, line.strip()) for number, line in lines(text))
    return _prose(_full_lines(text), how.language)


def _pairs(file: SourceFile, form: str) -> Iterator[_Found]:
    if form != "text":
        what = "annotated sentences" if form == "conllu" else "conversations"
        raise InputError(
            f"{file.shown} holds {what}, and no pairs of texts.",
            "Leave out --split pair, or give a text file with two texts a line, a tab between.",
        )
    return (_Found(line, text, pair=pair) for line, text, pair in pair_lines(file))


def _documents(found: Iterable[_Found]) -> Iterator[_Found]:
    """Join the sentences of each document of a treebank."""
    for document, group in groupby(found, key=lambda each: each.document):
        parts = list(group)
        text, known = "", []
        for part in parts:
            text += " " if text else ""
            if part.annotation is not None:
                known.append((part.annotation, len(text)))
            text += part.text
        forms = tuple(form for part in parts for form in part.forms)
        yield _Found(parts[0].line, text, forms, joined(known), document)


@lru_cache(maxsize=8)
def _is_linewise(text: str, language: str) -> bool:
    """Whether nine in ten lines are a sentence each. Kept, for a text may be read several times."""
    whole = many = 0
    for line in _full_lines(text):
        many += 1
        whole += (
            _FINAL_MARK.search(line.text) is not None and len(_segments(line.text, language)) == 1
        )
    return whole >= _LINEWISE * many


def _full_lines(text: str) -> Iterator[_Found]:
    """The lines that are not blank."""
    stripped = (_Found(number, line.strip()) for number, line in lines(text))
    return (line for line in stripped if line.text)


def _prose(lines: Iterable[_Found], language: str) -> Iterator[_Found]:
    for paragraph in _paragraphs(lines):
        text, starts = _unwrapped(paragraph)
        cursor = 0
        for segment in _segments(text, language):
            start = max(text.find(segment, cursor), cursor)
            cursor = start + len(segment)
            yield _Found(paragraph[bisect_right(starts, start) - 1].line, segment)


def _paragraphs(lines: Iterable[_Found]) -> Iterator[list[_Found]]:
    """Group the lines that have no blank line between them."""
    paragraph: list[_Found] = []
    for line in lines:
        if paragraph and line.line > paragraph[-1].line + 1:
            yield paragraph
            paragraph = []
        paragraph.append(line)
    if paragraph:
        yield paragraph


def _unwrapped(paragraph: Sequence[_Found]) -> tuple[str, list[int]]:
    """Make one line with single spaces of a paragraph; tell where in it each old line starts."""
    parts: list[str] = []
    starts: list[int] = []
    length = 0
    for line in paragraph:
        part = re.sub(r"\s+", " ", line.text)
        gap = " " if parts and not _is_unspaced(parts[-1], part) else ""
        starts.append(length + len(gap))
        parts.append(gap + part)
        length += len(gap) + len(part)
    return "".join(parts), starts


def _is_unspaced(before: str, after: str) -> bool:
    return bool(_UNSPACED.match(before[-1]) and _UNSPACED.match(after[0]))


def _segments(text: str, language: str) -> list[str]:
    import sentencex  # type: ignore[import-untyped]

    parts: list[str] = sentencex.segment(language, text)
    return [part.strip() for part in parts if part.strip()]
