"""The first pass over a corpus: what it holds, and the sentences that its pilot is chosen from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from attnviz.corpus.choice import SampleCut, Smallest, salted
from attnviz.corpus.grouping import GroupCounts
from attnviz.corpus.lines import Stamp
from attnviz.corpus.reading import Corpus, Passage, SetAside
from attnviz.corpus.records import Fields
from attnviz.corpus.units import Documents, FileCounts
from attnviz.errors import InputError, NothingToAnalyseError
from attnviz.stages import Progress
from attnviz.survey import survey
from attnviz.text.types import Sentence, digest_of

_CANDIDATES = 2
"""Sentences that may be of the pilot, as a multiple of its size: some have no content token."""

_OFTEN = 4096
"""Sentences between two signs of life."""

Numbered = tuple[int, Passage]


@dataclass(frozen=True)
class Overview:
    """A corpus that was read once.

    `stamps` are of its files, by name; `sentences` counts those that are to be measured, of `read`
    in all. `candidates` are sentences of which the pilot is chosen, in the order of the corpus: all
    of it, where it is `few`. `longest` has the most characters. `groups` counts sentences by the
    value that they are grouped by.
    """

    corpus: Corpus
    stamps: dict[str, Stamp]
    sentences: int
    read: int
    documents: Documents
    candidates: tuple[Sentence, ...]
    few: bool
    longest: Sentence
    aside: SetAside
    groups: Mapping[str, int]
    _sample: SampleCut | None

    def __iter__(self) -> Iterator[Sentence]:
        """The sentences once more; InputError where a file is no longer what it was."""
        stamps: dict[str, Stamp] = {}
        refuse = SetAside(self.aside.going_on)
        for number, passage in enumerate(self.corpus.passages(refuse, stamps), 1):
            if self._sample is None or self._sample.takes(digest_of(passage.text), number):
                yield _sentence((number, passage), self.documents, self.corpus.language)
        if changed := [name for name, stamp in self.stamps.items() if stamps.get(name) != stamp]:
            raise InputError(
                f"{changed[0]} was changed while it was read.", "Scan again, once it is finished."
            )


def overview(corpus: Corpus, progress: Progress, *, sample: int, keep_going: bool) -> Overview:
    """Reads a corpus, twice where a sample is drawn of it: so many sentences, 0 for all.

    Raises InputError for what can't be read, unless it is set aside to `keep_going`,
    NothingToAnalyseError where no sentence is left.
    """
    cut = None
    if sample:
        cut = SampleCut(sample)
        for number, passage in _watched(corpus, SetAside(keep_going), {}, progress):
            cut.add(digest_of(passage.text), number)
    aside, stamps = SetAside(keep_going), dict[str, Stamp]()
    seen = _Seen(corpus.language, corpus.fields)
    for number, passage in _watched(corpus, aside, stamps, progress):
        seen.read += 1
        digest = digest_of(passage.text)
        if cut is None or cut.takes(digest, number):
            seen.add(digest, (number, passage))
    if seen.longest is None:
        why = f" All was set aside, first: {aside.reasons[0]}" if aside.reasons else ""
        raise NothingToAnalyseError(
            f"There is no sentence in the corpus.{why}", "Give texts with at least one sentence."
        )
    return seen.overview(corpus, stamps, aside, cut)


def _watched(
    corpus: Corpus, aside: SetAside, stamps: dict[str, Stamp], progress: Progress
) -> Iterator[Numbered]:
    for numbered in enumerate(corpus.passages(aside, stamps), 1):
        if not numbered[0] % _OFTEN:
            progress.advance(0)
        yield numbered


class _Seen:
    """What is kept of the sentences that are to be measured."""

    def __init__(self, language: str, fields: Fields) -> None:
        self._language = language
        self._groups = GroupCounts(fields.group) if fields.group else None
        self.read = self._sentences = 0
        self._counts: dict[str, FileCounts] = {}
        self._most = _CANDIDATES * survey.PILOT
        self._smallest = Smallest[Numbered](self._most)
        self._few: list[Numbered] = []
        self.longest: Numbered | None = None

    def add(self, digest: int, numbered: Numbered) -> None:
        """Keeps what there is to keep of a sentence."""
        _, passage = numbered
        self._sentences += 1
        if self._groups is not None:
            self._groups.add(passage.group)
        self._counts.setdefault(passage.source, FileCounts()).add(passage)
        if self._sentences <= self._most:
            self._few.append(numbered)
        elif self._few:
            self._few.clear()
        if self._smallest.wants(key := salted(digest)):
            self._smallest.add(key, numbered)
        if self.longest is None or len(passage.text) > len(self.longest[1].text):
            self.longest = numbered

    def overview(
        self, corpus: Corpus, stamps: dict[str, Stamp], aside: SetAside, cut: SampleCut | None
    ) -> Overview:
        """All of it together."""
        if self.longest is None:
            raise ValueError("an overview of nothing")
        documents = Documents(self._counts, len(stamps), named=bool(corpus.fields.id))
        chosen = self._few or sorted(self._smallest.items(), key=lambda each: each[0])
        sentences = [_sentence(each, documents, self._language) for each in chosen]
        return Overview(
            corpus=corpus,
            stamps=stamps,
            sentences=self._sentences,
            read=self.read,
            documents=documents,
            candidates=tuple(sentences),
            few=bool(self._few),
            longest=_sentence(self.longest, documents, self._language),
            aside=aside,
            groups=dict(self._groups.sentences) if self._groups else {},
            _sample=cut,
        )


def _sentence(numbered: Numbered, documents: Documents, language: str) -> Sentence:
    number, passage = numbered
    return Sentence(
        id=number,
        text=passage.text,
        source=passage.source,
        line=passage.line,
        forms=passage.forms,
        annotation=passage.annotation,
        document=documents.name(passage),
        language=language,
        group=passage.group,
    )
