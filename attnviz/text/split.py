"""Splits text into sentences: by lines, by a segmenter of prose, into pairs, or not at all."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

import regex

from attnviz.errors import InputError, NothingToAnalyseError
from attnviz.text.chat import conversations
from attnviz.text.formats import format_of, no_json
from attnviz.text.pairs import Pair, lines, pair_lines
from attnviz.text.treebank import treebank_sentences, whole_documents
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


class _Passage(NamedTuple):
    """A sentence before it is numbered."""

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

    `line` makes each line a sentence, `document` each file, `sentence` splits prose by the rules of
    `language` (a code such as `en`). `auto` decides for each file: `line` where nine lines in ten
    are one sentence with a final mark, else `sentence`. A treebank has its own sentences, with
    their annotation; `document` joins them, where the file has `# newdoc` those of each document.
    `pair` takes each line as two texts with a tab between them; one of them may be empty.

    `chat`: JSON holds conversations, and without a `split` each line of text is a message.
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
    options = _Options("line" if chat and split == "auto" else split, language, chat)
    passages = (
        (file.name, passage)
        for file in files
        for passage in _split(file, options)
        if blank_lines or passage.text
    )
    empty = True
    for number, (name, passage) in enumerate(passages, 1):
        empty = empty and not passage.text
        yield Sentence(id=number, source=name, language=language, **passage._asdict())
    if empty:
        names = ", ".join(file.shown for file in files) or "the input"
        raise NothingToAnalyseError(
            f"No sentence in {names}.", "Give a file with at least one sentence."
        )


class _Options(NamedTuple):
    split: Split
    language: str
    chat: bool


def _split(file: SourceFile, options: _Options) -> Iterator[_Passage]:
    content = format_of(file, pairs=options.split == "pair")
    if content == "jsonl" and not options.chat:
        raise no_json(file)
    if options.split == "pair":
        return _pairs(file, content)
    if content == "conllu" and options.chat:
        raise InputError(
            f"{file.shown} holds annotated sentences, and no conversations.",
            "Leave out --chat, or give plain text or JSON Lines.",
        )
    if content == "conllu":
        annotated = treebank_sentences(file)
        if options.split == "document":
            annotated = whole_documents(annotated)
        return (_Passage(*sentence) for sentence in annotated)
    if content == "jsonl":
        return (_Passage(line, text, messages=chat) for line, text, chat in conversations(file))
    return _plain(file.text, options)


def _plain(text: str, options: _Options) -> Iterator[_Passage]:
    if options.split == "document":
        first = next(_full_lines(lines(text)), None)
        return iter([_Passage(first.line if first else 1, text.strip())])
    if options.split == "line" or (options.split == "auto" and is_linewise(text, options.language)):
        return (_Passage(number, line.strip()) for number, line in lines(text))
    return _prose(_full_lines(lines(text)), options.language)


def prose(numbered: Iterable[tuple[int, str]], language: str) -> Iterator[tuple[int, str]]:
    """The sentences of prose, each with the number of the line that it begins in.

    Lines come one at a time, with their numbers, and no more than a paragraph of them is kept.
    """
    return ((passage.line, passage.text) for passage in _prose(_full_lines(numbered), language))


def _pairs(file: SourceFile, content: str) -> Iterator[_Passage]:
    if content != "text":
        what = "annotated sentences" if content == "conllu" else "conversations"
        raise InputError(
            f"{file.shown} holds {what}, and no pairs of texts.",
            "Leave out --split pair, or give a text file with two texts a line, a tab between.",
        )
    return (_Passage(line, text, pair=pair) for line, text, pair in pair_lines(file))


@lru_cache(maxsize=8)
def is_linewise(text: str, language: str) -> bool:
    """Whether nine in ten lines are a sentence each. Kept, for a text may be read several times."""
    whole = many = 0
    for line in _full_lines(lines(text)):
        many += 1
        whole += (
            _FINAL_MARK.search(line.text) is not None and len(_segments(line.text, language)) == 1
        )
    return whole >= _LINEWISE * many


def _full_lines(numbered: Iterable[tuple[int, str]]) -> Iterator[_Passage]:
    """The lines that are not blank."""
    stripped = (_Passage(number, line.strip()) for number, line in numbered)
    return (line for line in stripped if line.text)


def _prose(lines: Iterable[_Passage], language: str) -> Iterator[_Passage]:
    for paragraph in _paragraphs(lines):
        text, starts = _unwrapped(paragraph)
        cursor = 0
        for segment in _segments(text, language):
            start = max(text.find(segment, cursor), cursor)
            cursor = start + len(segment)
            yield _Passage(paragraph[bisect_right(starts, start) - 1].line, segment)


def _paragraphs(lines: Iterable[_Passage]) -> Iterator[list[_Passage]]:
    """Group the lines that have no blank line between them."""
    paragraph: list[_Passage] = []
    for line in lines:
        if paragraph and line.line > paragraph[-1].line + 1:
            yield paragraph
            paragraph = []
        paragraph.append(line)
    if paragraph:
        yield paragraph


def _unwrapped(paragraph: Sequence[_Passage]) -> tuple[str, list[int]]:
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
