"""Which document each sentence is from, where documents can be told and are many enough.

Sentences of one document are alike. Taken as independent they seem to say more than they do, so
whole documents are resampled; of few documents, though, resampling says nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from attnviz.text.types import Sentence, SourceFile, Tokens

ENOUGH = 20
"""So many documents are resampled as wholes; of fewer, sentences are."""

_Name = Callable[[Sentence], str]
"""The name of a sentence's document within its file, "" where it isn't known."""


def documented(
    files: Sequence[SourceFile], sentences: Sequence[Sentence]
) -> tuple[tuple[Sentence, ...], list[str]]:
    """The sentences with the documents that are to be resampled, and a warning where they are few.

    A document is what `# newdoc` begins, else a file where there are several. Where these are
    fewer than `ENOUGH`, blocks of plain text between blank lines are taken for documents. Where
    those are fewer as well, no sentence has a document.
    """
    most = 0
    for named in (_by_file(files, sentences), _by_block(files, sentences)):
        found = tuple(replace(one, document=named(one)) for one in sentences)
        documents = {(one.source, one.document) for one in found if one.document}
        if len(documents) >= ENOUGH:
            return found, []
        if len(documents) < len(found):  # else each sentence is a document anyway
            most = max(most, len(documents))
    return tuple(replace(one, document="") for one in sentences), _warning(most)


def _by_file(files: Sequence[SourceFile], sentences: Sequence[Sentence]) -> _Name:
    """Documents as their files name them, or whole files where there are several."""
    divided = {one.source for one in sentences if one.document}
    several = 1 < len({file.name for file in files}) < len(sentences)

    def name(sentence: Sentence) -> str:
        if sentence.source in divided:
            return sentence.document or "before the first document"
        return "the whole file" if several else ""

    return name


def _by_block(files: Sequence[SourceFile], sentences: Sequence[Sentence]) -> _Name:
    """The same, but of plain text the blocks between blank lines, unless they are its sentences."""
    by_file = _by_file(files, sentences)
    of_words = {one.source for one in sentences if one.document or one.forms}
    starts = {file.name: _block_starts(file.text) for file in files if file.name not in of_words}
    counts = Counter(one.source for one in sentences)

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
    told = "1 document" if documents == 1 else f"{documents} documents"
    warning = (
        f"The sentences are from {told} (# newdoc, files, or blocks between blank lines), and "
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
