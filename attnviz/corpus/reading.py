"""A corpus as passages, one at a time: what will be sentences, and where they are from."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from attnviz.corpus.lines import LONGEST, Refuse, Stamp, is_parquet, numbered_lines, unpacked
from attnviz.corpus.paths import CorpusFile, Kind
from attnviz.corpus.records import (
    SOURCE,
    Fields,
    Record,
    csv_records,
    json_records,
    parquet_records,
)
from attnviz.errors import InputError, UsageError
from attnviz.text.files import MAX_BYTES
from attnviz.text.formats import format_of
from attnviz.text.showable import showable
from attnviz.text.split import Split, is_linewise, prose
from attnviz.text.treebank import annotated_lines, whole_documents
from attnviz.text.types import Annotation, SourceFile

_LOOKED_AT = 2000
"""Lines from which it is told whether a file has a sentence a line."""

_GO_ON = "--keep-going sets aside what can't be read."

_KEPT = 100
"""Refusals that are kept with their reasons; more are counted."""


class Passage(NamedTuple):
    """A sentence before it is numbered, with the document and the block of lines it stands in."""

    source: str
    line: int
    text: str
    forms: tuple[str, ...] = ()
    annotation: Annotation | None = None
    document: str = ""
    block: int = 0
    record: bool = False
    group: str = ""


@dataclass
class SetAside:
    """What could not be read: how much, and why; the first of it is an error unless `going_on`."""

    going_on: bool = False
    many: int = 0
    reasons: list[str] = field(default_factory=list)

    def __call__(self, error: InputError) -> None:
        """Counts one. Raises the error unless reading goes on."""
        if not self.going_on:
            if _GO_ON in error.hint:  # what was refused in a file comes again as the file's error
                raise error
            raise InputError(error.message, f"{error.hint} {_GO_ON}".strip()) from error
        self.many += 1
        if len(self.reasons) < _KEPT:
            self.reasons.append(error.message)


@dataclass(frozen=True)
class Corpus:
    """Files, and how they are read. `places` says where files lie that are copied, by name."""

    files: Sequence[CorpusFile]
    split: Split = "auto"
    language: str = "en"
    fields: Fields = field(default_factory=Fields)
    kind: Kind = ""
    places: Mapping[str, Path] = field(default_factory=dict)

    def passages(self, refuse: Refuse, stamps: dict[str, Stamp]) -> Iterator[Passage]:
        """Every passage with text, in the order of the files, whose `stamps` are kept by name.

        `refuse` is told of what can't be read. Raises UsageError for records without a named field,
        and for texts that are to be grouped by one.
        """
        for file in self.files:
            try:
                yield from self._file(file, refuse, stamps)
            except InputError as error:
                refuse(error)

    def _file(
        self, file: CorpusFile, refuse: Refuse, stamps: dict[str, Stamp]
    ) -> Iterator[Passage]:
        path = self.places.get(file.name, file.path)

        def stamped(stamp: Stamp) -> None:
            stamps[file.name] = stamp

        with unpacked(path, file.shown, stamped) as stream:
            kind = self.kind or file.kind
            if kind == "parquet" or is_parquet(stream):
                yield from self._records(
                    file, parquet_records(path, file.shown, self.fields, refuse)
                )
            else:
                yield from self._text(file, kind, stream, refuse)

    def _text(
        self, file: CorpusFile, kind: Kind, stream: BinaryIO, refuse: Refuse
    ) -> Iterator[Passage]:
        lines = numbered_lines(stream, file.shown, refuse)
        start = list(islice(lines, _LOOKED_AT))
        lines = chain(start, lines)
        kind = kind or self._kind(file, start)
        if kind == "conllu":
            group = self._of_file(file)
            annotated = annotated_lines(file.shown, _with_ends(file, lines), refuse)
            if self.split == "document":
                annotated = whole_documents(annotated)
            for line, sentence, forms, annotation, document in annotated:
                yield Passage(file.name, line, sentence, forms, annotation, document, group=group)
        elif kind == "jsonl":
            yield from self._records(file, json_records(file.shown, lines, self.fields, refuse))
        elif kind == "csv":
            yield from self._records(file, csv_records(file.shown, lines, self.fields, refuse))
        else:
            group = self._of_file(file)
            for passage in _plain(file, start, lines, self.split, self.language):
                yield passage._replace(group=group) if group else passage

    def _of_file(self, file: CorpusFile) -> str:
        """What texts of no record are grouped by. Raises UsageError where they have no such thing.

        That is their file's name, where `SOURCE` is asked for.
        """
        if self.fields.grouped and self.fields.group != SOURCE:
            raise UsageError(
                f"{file.shown} holds no records, and so no field {showable(self.fields.grouped)}.",
                f"--group {SOURCE} tells files apart; fields are those of JSON Lines and tables."
                if self.fields.group
                else "--label names a field of JSON Lines or tables.",
            )
        return file.shown if self.fields.group else ""

    def _kind(self, file: CorpusFile, start: Sequence[tuple[int, str]]) -> Kind:
        """What a file holds whose name doesn't say so."""
        text = "\n".join(line for _, line in start[:100])
        if self.fields.text and not text.lstrip().startswith(("{", "[")):
            return "csv"
        return format_of(SourceFile(file.name, "", text))

    def _records(self, file: CorpusFile, records: Iterable[Record]) -> Iterator[Passage]:
        """The sentences of each record's text; a record is a document."""
        for record in records:
            lines = list(enumerate(record.text.splitlines(), 1))
            document = record.id or f"record {record.line}"
            for passage in _plain(file, lines, lines, self.split, self.language):
                yield passage._replace(
                    line=record.line, document=document, block=0, record=True, group=record.group
                )


def _plain(
    file: CorpusFile,
    start: Sequence[tuple[int, str]],
    lines: Iterable[tuple[int, str]],
    split: Split,
    language: str,
) -> Iterator[Passage]:
    """The passages of plain text, which begins with the lines of `start`."""
    if split == "document":
        yield from _whole(file, lines)
        return
    blocks = _Blocks()
    numbered = blocks.watched(lines)
    if split == "auto":
        text = "\n".join(line for _, line in start)
        split = "line" if is_linewise(text, language) else "sentence"
    if split == "line":
        passages: Iterator[tuple[int, str]] = ((at, line.strip()) for at, line in numbered)
    else:
        passages = prose(_with_ends(file, numbered), language)
    for number, text in passages:
        if text:
            yield Passage(file.name, number, text, block=blocks.of(number))


def _with_ends(file: CorpusFile, lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The lines, those between blank ones not too many: they are kept together.

    Raises InputError where there is no end of them.
    """
    size = 0
    for number, line in lines:
        size = size + len(line) + 1 if line.strip() else 0
        if size > LONGEST:
            raise InputError(
                f"{file.shown} has more than {LONGEST // 2**20} MiB without a blank line, up to "
                f"line {number}.",
                "Put them between paragraphs, or between the sentences of a treebank; --split line "
                "reads plain text line by line.",
            )
        yield number, line


def _whole(file: CorpusFile, lines: Iterable[tuple[int, str]]) -> Iterator[Passage]:
    """All lines as one passage."""
    size, kept, first = 0, [], 0
    for number, line in lines:
        first = first or number * bool(line.strip())
        size += len(line) + 1
        kept.append(line)
        if size > MAX_BYTES:
            raise InputError(
                f"{file.shown} has more than {MAX_BYTES // 2**20} MiB, too much for one sequence.",
                "Leave out --split document, or give smaller files.",
            )
    if text := "\n".join(kept).strip():
        yield Passage(file.name, first, text)


class _Blocks:
    """Counts the blocks of lines between blank ones, while lines pass; the last few are known."""

    def __init__(self) -> None:
        self._many = 0
        self._starts: deque[tuple[int, int]] = deque(maxlen=4)

    def watched(self, lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        """The lines as they come."""
        before = True
        for number, line in lines:
            blank = not line.strip()
            if before and not blank:
                self._many += 1
                self._starts.append((number, self._many))
            before = blank
            yield number, line

    def of(self, line: int) -> int:
        """The number of the block that a line stands in, one of the last few."""
        return next((block for start, block in reversed(self._starts) if start <= line), 0)
