"""Tells which document each sentence is from, where there are enough documents to resample.

Sentences of one document are alike, so intervals that take them for independent are too narrow:
whole documents are resampled. Resampling a few documents gives no interval, though.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace

from attnviz.text.pairs import lines
from attnviz.text.types import Sentence, SourceFile, Tokens

ENOUGH = 20
"""From this many documents on, documents are resampled; below, sentences."""

DocumentName = Callable[[Sentence], str]
"""The name of a sentence's document within its file, "" where it isn't known."""


def document_names(
    files: Sequence[SourceFile], sentences: Callable[[], Iterable[Sentence]]
) -> tuple[DocumentName, list[str]]:
    """What names the document of each sentence, and a warning where documents are few.

    A document is what `# newdoc` begins, else a file where there are several. Where these are
    fewer than `ENOUGH`, blocks of plain text between blank lines are taken for documents. Where
    those are fewer as well, no sentence has a document. `sentences` gives them all, as often as
    it is called.
    """
    counts = Counter[str]()
    divided, annotated = set[str](), set[str]()
    for sentence in sentences():
        counts[sentence.source] += 1
        if sentence.document:
            divided.add(sentence.source)
        if sentence.document or sentence.forms:
            annotated.add(sentence.source)
    several = 1 < len({file.name for file in files}) < counts.total()
    by_file = _by_file(divided, several=several)
    most = 0
    for name in (by_file, _by_block(files, annotated, counts, by_file)):
        documents = set[tuple[str, str]]()
        for sentence in sentences():
            if document := name(sentence):
                documents.add((sentence.source, document))
            if len(documents) >= ENOUGH:
                return name, []
        if len(documents) < counts.total():  # else each sentence is a document anyway
            most = max(most, len(documents))
    return lambda _: "", few_documents(most)


def _by_file(divided: Container[str], *, several: bool) -> DocumentName:
    """Documents as their files name them, or whole files where there are several."""

    def name(sentence: Sentence) -> str:
        if sentence.source in divided:
            return sentence.document or "before the first document"
        return "the whole file" if several else ""

    return name


def _by_block(
    files: Sequence[SourceFile],
    annotated: Container[str],
    counts: Mapping[str, int],
    by_file: DocumentName,
) -> DocumentName:
    """The same, but of plain text the blocks between blank lines, unless they are its sentences."""
    starts = {file.name: _block_starts(file.text) for file in files if file.name not in annotated}

    def name(sentence: Sentence) -> str:
        lines = starts.get(sentence.source, ())
        if not 1 < len(lines) < counts[sentence.source]:
            return by_file(sentence)
        return f"block {bisect_right(lines, sentence.line)}"

    return name


def _block_starts(text: str) -> array[int]:
    """The numbers of the lines that begin a text or follow a blank one."""
    starts, before = array("q"), True
    for number, line in lines(text):
        blank = not line.strip()
        if before and not blank:
            starts.append(number)
        before = blank
    return starts


def few_documents(documents: int) -> list[str]:
    """The warning about documents that are too few to resample; none for none."""
    if not documents:
        return []
    count = "1 document" if documents == 1 else f"{documents} documents"
    warning = (
        f"The sentences are from {count} (# newdoc, files, or blocks between blank lines), and "
        f"documents are resampled from {ENOUGH} on: sentences are, as if they were independent. "
        "Where those of a document are alike, intervals are too narrow."
    )
    return [warning]


def shared(sources: Sequence[Tokens], targets: Sequence[Tokens]) -> list[Tokens]:
    """The targets with the documents of their sources, which are in the same order."""
    return [
        replace(target, sentence=replace(target.sentence, document=_known(source.sentence)))
        for source, target in zip(sources, targets, strict=True)
    ]


def _known(source: Sentence) -> str:
    return source.document and f"{source.source}\n{source.document}"
