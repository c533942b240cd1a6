"""Splits text into sentences: by lines, by a segmenter of prose, into pairs, or not at all."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import groupby
from typing import TYPE_CHECKING, Literal, NamedTuple

import regex

from attnviz.errors import InputError, NothingToAnalyseError
from attnviz.text.annotation import joined
from attnviz.text.pairs import Pair, pair_lines
from attnviz.text.treebank import is_treebank, treebank_sentences
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


def sentences(
    files: Sequence[SourceFile], split: Split = "auto", language: str = "en"
) -> tuple[Sentence, ...]:
    """Split all `files` into sentences, numbered from 1 through the run; blank ones are left out.

    `line` takes each line, `document` each file as one, `sentence` splits prose by the rules of
    `language` (a code such as `en`). `auto` decides for each file: `line` where nine lines in ten
    are one sentence with a final mark, else `sentence`. A `.conllu` file brings its own sentences,
    with their annotation; `document` joins them, where the file has `# newdoc` those of each
    document. `pair` takes each line as two texts with a tab between them.

    Raises `InputError` for a malformed `.conllu` file, for one that is to hold pairs, and for a
    line that is no pair; `NothingToAnalyseError` where no sentence is found.
    """
    numbered = tuple(
        Sentence(
            number,
            found.text,
            name,
            found.line,
            found.forms,
            found.annotation,
            found.document,
            found.pair,
            language,
        )
        for number, (name, found) in enumerate(
            ((file.name, found) for file in files for found in _split(file, split, language)), 1
        )
    )
    if not numbered:
        names = ", ".join(file.name for file in files) or "the input"
        raise NothingToAnalyseError(
            f"No sentence in {names}.", "Give a file with at least one sentence."
        )
    return numbered


def _split(file: SourceFile, split: Split, language: str) -> Iterator[_Found]:
    if split == "pair":
        return _pairs(file)
    if is_treebank(file.name):
        found = (_Found(*one) for one in treebank_sentences(file))
        return _documents(found) if split == "document" else found
    lines = _lines(file.text)
    if split == "document":
        return iter([_Found(lines[0].line, file.text.strip())] if lines else [])
    if split == "line" or (split == "auto" and _is_linewise(lines, language)):
        return iter(lines)
    return _prose(lines, language)


def _pairs(file: SourceFile) -> Iterator[_Found]:
    if is_treebank(file.name):
        raise InputError(
            f"{file.name} holds annotated sentences, and no pairs of texts.",
            "Leave out --split pair, or give a text file with two texts a line, a tab between.",
        )
    return (_Found(line, text, pair=pair) for line, text, pair in pair_lines(file))


def _lines(text: str) -> list[_Found]:
    """Take the lines of `text` that aren't blank, without the space around them."""
    return [
        _Found(number, line.strip())
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip()
    ]


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


def _is_linewise(lines: Sequence[_Found], language: str) -> bool:
    whole = sum(
        _FINAL_MARK.search(text) is not None and len(_segments(text, language)) == 1
        for _, text, *_ in lines
    )
    return whole >= _LINEWISE * len(lines)


def _prose(lines: Sequence[_Found], language: str) -> Iterator[_Found]:
    for paragraph in _paragraphs(lines):
        text, starts = _unwrapped(paragraph)
        cursor = 0
        for segment in _segments(text, language):
            start = max(text.find(segment, cursor), cursor)
            cursor = start + len(segment)
            yield _Found(paragraph[bisect_right(starts, start) - 1].line, segment)


def _paragraphs(lines: Sequence[_Found]) -> Iterator[list[_Found]]:
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
