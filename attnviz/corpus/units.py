"""Which document each sentence is from, where a corpus has enough of them to resample.

As `attnviz.text.documents`, whose rules these are, for a corpus that is read as a stream.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from attnviz.corpus.reading import Passage
from attnviz.text.documents import ENOUGH, few_documents

_NAMES = 1024
"""Names of documents that are kept, to know one that comes again from a new one."""


@dataclass
class FileCounts:
    """What is counted of one file: sentences, documents that it tells apart, and blocks of lines.

    `blocks` are those that sentences begin in. `divided`: its documents have names. `annotated`:
    its sentences are no plain lines, so that it has no blocks. `records`: all of it are records.
    """

    sentences: int = 0
    documents: int = 0
    blocks: int = 0
    divided: bool = False
    annotated: bool = False
    records: bool = True
    _last: str | None = None
    _names: set[str] = field(default_factory=set)
    _block: int = 0

    def add(self, passage: Passage) -> None:
        """Counts a passage."""
        self.sentences += 1
        self.divided = self.divided or bool(passage.document)
        self.annotated = self.annotated or bool(passage.document or passage.forms)
        self.records = self.records and passage.record
        if passage.document != self._last and passage.document not in self._names:
            self.documents += 1
            if len(self._names) < _NAMES:
                self._names.add(passage.document)
        self._last = passage.document
        if passage.block != self._block:
            self.blocks += 1
            self._block = passage.block

    @property
    def in_blocks(self) -> bool:
        """Whether the blocks of the file may be documents, and not each a sentence."""
        return not self.annotated and 1 < self.blocks < self.sentences


class Documents:
    """Names documents: what a file divides itself into, whole files, or blocks of lines.

    `counts` are of those of so many `files` that have sentences; `named`: records say which
    document they are of. `many` counts documents, 0 where
    sentences are the units; `warning` says where they are too few.
    """

    def __init__(self, counts: Mapping[str, FileCounts], files: int, *, named: bool) -> None:
        total = sum(count.sentences for count in counts.values())
        records = all(count.records for count in counts.values())
        several = 1 < files < total
        by_file = [count.documents if count.divided else int(several) for count in counts.values()]
        by_block = [
            count.blocks if count.in_blocks else number
            for count, number in zip(counts.values(), by_file, strict=True)
        ]
        self.many, self.warning, self._blocks = 0, "", False
        self._counts, self._several = counts, several
        if (
            records and not named and sum(by_file) == total
        ):  # each record is a sentence, and so a unit
            return
        if sum(by_file) >= ENOUGH:
            self.many = sum(by_file)
        elif sum(by_block) >= ENOUGH:
            self.many, self._blocks = sum(by_block), True
        else:
            few = [many for many in (sum(by_file), sum(by_block)) if 0 < many < total]
            self.warning = "".join(few_documents(max(few, default=0)))

    def name(self, passage: Passage) -> str:
        """The name of a passage's document within its file, "" where sentences are the units."""
        if not self.many:
            return ""
        count = self._counts[passage.source]
        if self._blocks and count.in_blocks:
            return f"block {passage.block}"
        if count.divided:
            return passage.document or "before the first document"
        return "the whole file" if self._several else ""
