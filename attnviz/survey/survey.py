"""The survey: what a text has, and the pilot on which everything is fitted that needs fitting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from attnviz.measurement.pilot import Pilot
from attnviz.measurement.source import InputInfo
from attnviz.models import run
from attnviz.models.load import LoadedModel
from attnviz.models.related import Related
from attnviz.settings import Settings
from attnviz.stages import Progress
from attnviz.survey.shards import Reader, Shard
from attnviz.survey.tally import Tally
from attnviz.survey.texts import Pair, Texts
from attnviz.text.annotate import Parser
from attnviz.text.right_labels import RightLabels
from attnviz.text.types import Tokens

PILOT = 1024
"""Sentences of the pilot at most: a text no longer is measured in one piece."""

SHARD = 256
"""Sentences that are measured together beyond the pilot."""

SALT = np.uint64(0x9E3779B97F4A7C15)
"""So that the pilot is another sample than halves and groups, which go by the same hashes."""


@dataclass(frozen=True)
class Survey:
    """A text that is ready to be measured.

    `pilot` is up to `PILOT` of its sentences, the `rest` are read shard by shard; it is empty where
    the text is measured with a pilot that was `fitted` before. `warnings` tell what was lost and
    what can't be.
    """

    texts: Texts
    tally: Tally
    pilot: Shard
    related: tuple[Related, Related | None]
    warnings: tuple[str, ...]
    fitted: Pilot | None
    _reader: Reader
    _settings: Settings
    _written: tuple[Shard, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether the pilot is the whole text."""
        return len(self.pilot) == self.tally.sentences

    @property
    def labels(self) -> RightLabels | None:
        """The right labels of its sentences, where there are any."""
        return self.texts.labels

    @property
    def longest(self) -> Tokens:
        """The longest text of either side."""
        if self.tally.longest is None:
            raise ValueError("a survey without sentences")
        return self.tally.longest

    @property
    def together(self) -> int:
        """The most sentences that are measured together."""
        return len(self.pilot) or min(self.tally.sentences, SHARD)

    @property
    def info(self) -> InputInfo:
        """What the report says of its input."""
        return self.tally.info(self.texts.files, self._settings)

    def rest(self) -> Iterator[Shard]:
        """The sentences beyond the pilot, some at a time."""
        if self.whole:
            return
        pilot = {tokens.sentence.id for tokens in self.pilot.tokens}
        if self._written:
            shards: Iterator[Shard] = (_without(shard, pilot) for shard in self._written)
        else:
            others = (pair for pair in self.texts if pair[0].id not in pilot)
            shards = (self._reader.read(pairs) for pairs in _runs(others))
        for shard in shards:
            if len(shard):
                ready = self._reader.with_words(shard, self.related)
                self.tally.add_words(ready.wording)
                yield ready

    def some(self, numbers: set[int]) -> Shard:
        """The sentences with these numbers."""
        if self.whole or numbers <= {tokens.sentence.id for tokens in self.pilot.tokens}:
            return _with(self.pilot, numbers)
        if self._written:
            written = _together([_with(shard, numbers) for shard in self._written])
            return self._reader.with_words(written, self.related)
        pairs = [pair for pair in self.texts if pair[0].id in numbers]
        return self._reader.with_words(self._reader.read(pairs), self.related)


def survey(
    loaded: LoadedModel,
    texts: Texts,
    settings: Settings,
    progress: Progress,
    fitted: Pilot | None = None,
    parser: Parser | None = None,
) -> Survey:
    """Reads all texts once as the model does, and chooses the pilot, unless there is one already.

    Raises NothingToAnalyseError, InputError or UsageError where they can't be measured.
    """
    run.check_targets(loaded, paired=texts.paired, generates=settings.generate > 0)
    if settings.generate:
        progress.stage("generating text", sum(1 for _ in texts))
    else:
        progress.stage("tokenizing text")
    reader, tally = Reader(loaded, settings, parser), Tally(settings.sentences)
    kept: list[Shard] = []
    for pairs in _runs(iter(texts)):
        shard = reader.written(reader.read(pairs, tally), tally, progress.advance)
        tally.add(shard.tokens, shard.targets)
        # What a model wrote is not written twice.
        if settings.generate or (fitted is None and tally.sentences <= PILOT):
            kept.append(shard)
        else:
            kept.clear()
    warnings = (
        *tally.checked(loaded, settings),
        *tally.of_unwritten(loaded, settings),
        *texts.warnings,
        *tally.of_special(loaded, settings),
        *loaded.notes,
    )
    pilot = Shard(()) if fitted else _pilot(texts, tally, kept, reader)
    related = related_words(loaded, pilot, fitted)
    pilot = reader.with_words(pilot, related)
    tally.add_words(pilot.wording)
    written = tuple(kept) if settings.generate else ()
    return Survey(
        texts,
        tally,
        pilot,
        related,
        warnings,
        fitted,
        reader,
        settings,
        written,
    )


def related_words(
    loaded: LoadedModel, pilot: Shard, fitted: Pilot | None
) -> tuple[Related, Related | None]:
    """What makes words related, on either side, fitted on the pilot or known from one."""
    if fitted is None:
        targets = pilot.targets
        return (
            Related.fitted(loaded, pilot.tokens),
            None if targets is None else Related.fitted(loaded, targets, decoder=True),
        )
    known = [
        Related.known(loaded, fit, decoder=place > 0) for place, fit in enumerate(fitted.related)
    ]
    return known[0], known[1] if len(known) > 1 else None


def _pilot(texts: Texts, tally: Tally, kept: list[Shard], reader: Reader) -> Shard:
    """The sentences of smallest salted hash, each text once; all where they are few."""
    if tally.sentences <= PILOT:
        return _together(kept)
    chosen = set(smallest(np.array(tally.digests), np.array(tally.ids)).tolist())
    if kept:
        return _together([_with(shard, chosen) for shard in kept])
    return reader.read([pair for pair in texts if pair[0].id in chosen])


def smallest(digests: NDArray[np.uint64], ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers of the `PILOT` sentences of smallest salted hash."""
    different, first = np.unique(digests, return_index=True)
    mixed = (different ^ SALT) * SALT
    mixed ^= mixed >> np.uint64(32)
    chosen: NDArray[np.int64] = ids[first[np.argsort(mixed, kind="stable")[:PILOT]]]
    return chosen


def _runs(pairs: Iterator[Pair]) -> Iterator[list[Pair]]:
    while run := list(islice(pairs, SHARD)):
        yield run


def _with(shard: Shard, numbers: set[int]) -> Shard:
    places = [at for at, of in enumerate(shard.tokens) if of.sentence.id in numbers]
    return shard.picked(places)


def _without(shard: Shard, numbers: set[int]) -> Shard:
    places = [at for at, of in enumerate(shard.tokens) if of.sentence.id not in numbers]
    return shard.picked(places)


def _together(shards: list[Shard]) -> Shard:
    """Shards without words as one."""
    targets = [target for shard in shards for target in shard.targets or ()]
    several = any(shard.targets is not None for shard in shards)
    return Shard(
        [tokens for shard in shards for tokens in shard.tokens], targets if several else None
    )
