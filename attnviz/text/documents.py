"""Tells which document each sentence is from, where there are enough documents to resample.

Sentences of one document are alike, so intervals that take them for independent are too narrow:
whole documents are resampled. Resampling a few documents gives no interval, though.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from attnviz.text.types import Sentence, SourceFile, Tokens

ENOUGH = 20
"""From this many documents on, documents are resampled; below, sentences."""

_Name = Callable[[Sentence], str]
"""The name of a sentence's document within its file, "" where it isn't known."""


def documented(
    files: Sequence[SourceFile], sentences: Sequence[Sentence]
) -> tuple[tuple[Sentence, ...], list[str]]:
    """The sentences, each with its document, and a warning where there are too few documents.

    A document is what `# newdoc` begins, else a file where there are several. If these are fewer
    than `ENOUGH`, blocks of plain text between blank lines are taken for documents. If those are
    too few as well, no sentence gets a document.
    """
    most_documents = 0
    for document_name in (_by_file(files, sentences), _by_block(files, sentences)):
        named_sentences = tuple(
            replace(sentence, document=document_name(sentence)) for sentence in sentences
        )
        documents = {
            (sentence.source, sentence.document)
            for sentence in named_sentences
            if sentence.document
        }
        if len(documents) >= ENOUGH:
            return named_sentences, []
        if len(documents) < len(named_sentences):  # else each sentence is a document anyway
            most_documents = max(most_documents, len(documents))
    return tuple(replace(sentence, document="") for sentence in sentences), _warning(most_documents)


def _by_file(files: Sequence[SourceFile], sentences: Sequence[Sentence]) -> _Name:
    """Documents as their files name them, or whole files where there are several."""
    divided = {sentence.source for sentence in sentences if sentence.document}
    several = 1 < len({file.name for file in files}) < len(sentences)

    def name(sentence: Sentence) -> str:
        if sentence.source in divided:
            return sentence.document or "before the first document"
        return "the whole file" if several else ""

    return name


def _by_block(files: Sequence[SourceFile], sentences: Sequence[Sentence]) -> _Name:
    """As `_by_file`, but plain text is divided into blocks, unless each holds one sentence."""
    by_file = _by_file(files, sentences)
    annotated = {sentence.source for sentence in sentences if sentence.document or sentence.forms}
    starts = {file.name: _block_starts(file.text) for file in files if file.name not in annotated}
    counts = Counter(sentence.source for sentence in sentences)

    def name(sentence: Sentence) -> str:
        lines = starts.get(sentence.source, [])
        if not 1 < len(lines) < counts[sentence.source]:
            return by_file(sentence)
        return f"block {bisect_right(lines, sentence.line)}"

    return name


def _block_starts(text: str) -> list[int]:
    """The numbers of the lines that begin a text or follow a blank one."""
    blank = [True, *(not line.strip() for line in text.split("\n"))]
    return [at for at in range(1, len(blank)) if blank[at - 1] and not blank[at]]


def _warning(documents: int) -> list[str]:
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
