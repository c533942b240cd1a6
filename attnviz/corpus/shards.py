"""Measuring a corpus: its pilot, then the rest shard by shard, each to sums that add."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from attnviz import probing
from attnviz.corpus.grouping import Grouping
from attnviz.corpus.notes import Notes, check_lengths
from attnviz.corpus.overview import Overview
from attnviz.corpus.state import State
from attnviz.corpus.strange import Strangest
from attnviz.errors import NothingToAnalyseError
from attnviz.measurement.measurement import Measurement
from attnviz.measurement.pilot import Pilot
from attnviz.measurement.source import InputInfo, Source
from attnviz.measurement.stream import StreamSums
from attnviz.models.load import LoadedModel
from attnviz.models.related import Related
from attnviz.registry import discover
from attnviz.roles.role import Role
from attnviz.roles.variants import variants_of
from attnviz.settings import Settings
from attnviz.steps.measure import Measurer, pilot_of
from attnviz.steps.stream import StreamRun
from attnviz.survey import survey
from attnviz.survey.shards import Reader, Shard
from attnviz.survey.tally import Tally
from attnviz.text.types import Sentence, Tokens

Advance = Callable[[int], None]
Seen = Callable[[StreamRun, Pilot, str], None]
"""Called with each stream of a shard once it was measured, with the pilot, and with the group of
its sentences, "" where there are none."""


def _unheard(_: int) -> None:
    """For sentences that were counted before."""


def _unseen(_: StreamRun, __: Pilot, ___: str) -> None:
    """For runs of which nothing but sums is kept."""


def shards(sentences: Iterable[Sentence]) -> Iterator[list[Sentence]]:
    """Sentences that are measured together: cut by their places in the corpus alone."""
    rest = iter(sentences)
    while shard := list(islice(rest, survey.SHARD)):
        yield shard


def choose_pilot(overview: Overview, reader: Reader) -> tuple[list[Sentence], Tokens]:
    """The sentences of the pilot, and the longest text that was seen, as the model reads it.

    All that can be measured where they are few, else those of smallest salted hash, each text
    once. Raises NothingToAnalyseError where none can be.
    """
    pairs = [(sentence, None) for sentence in (*overview.candidates, overview.longest)]
    seen = reader.read(pairs).tokens
    if not seen:
        raise NothingToAnalyseError(
            "No sentence has a token that could be analysed.", "Give a text with words in it."
        )
    candidates = {sentence.id for sentence in overview.candidates}
    usable = list({of.sentence.id: of for of in seen if of.sentence.id in candidates}.values())
    if overview.few and len(usable) <= survey.PILOT:
        chosen = {tokens.sentence.id for tokens in usable}
    else:
        digests = np.array([tokens.sentence.digest for tokens in usable], np.uint64)
        numbers = np.array([tokens.sentence.id for tokens in usable], np.int64)
        chosen = set(survey.smallest(digests, numbers).tolist())
    return [each for each in overview.candidates if each.id in chosen], max(seen, key=len)


@dataclass(frozen=True)
class Fitted:
    """What is known from the pilot: what makes words related on it, and what baselines learned."""

    pilot: Pilot
    related: tuple[Related, Related | None]

    @classmethod
    def of(cls, loaded: LoadedModel, pilot: Pilot) -> Fitted:
        """From a pilot that was measured before."""
        return cls(pilot, survey.related_words(loaded, Shard(()), pilot))


@dataclass(frozen=True)
class Prepared:
    """A shard that is ready to be measured."""

    shard: Shard
    tally: Tally


class ShardMeasurer:
    """Measures shards of a corpus. `source` is where their sums come from.

    With a `grouping` the sentences of each group are measured by themselves, those of the pilot
    again, so that the sums of all groups are those of the corpus.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        reader: Reader,
        measurer: Measurer,
        settings: Settings,
        source: Source,
        grouping: Grouping | None = None,
    ) -> None:
        self._grouping = grouping
        self._loaded, self._reader, self._measurer = loaded, reader, measurer
        self._settings, self._source = settings, source
        roles = discover("attnviz.roles", "ROLE", Role)
        self._variants = variants_of([role for role in roles if "" in role.streams])

    def pilot(self, sentences: Sequence[Sentence], advance: Advance, seen: Seen = _unseen) -> State:
        """The sums of the pilot, with all that is fitted on it, and induction on random tokens."""
        tally = Tally()
        shard = self._read(sentences, tally)
        related = survey.related_words(self._loaded, shard, None)
        shard = self._reader.with_words(shard, related)
        tally.add_words(shard.wording)
        runs = self._measurer.runs(shard, advance, pilot=True)
        pilot = pilot_of(shard, related, runs)
        if self._grouping is not None:
            state = self._by_group(shard, tally, pilot, _unheard, seen)
        else:
            state = self._state(tally, runs, pilot, seen)
        probed, unprobed = probing.probe(self._loaded, self._settings, self._measurer.most_tokens)
        measurement = replace(
            state.measurement, pilot=pilot, induction=probed, no_induction=unprobed
        )
        return replace(state, done=0, measurement=measurement)

    def prepared(self, sentences: Sequence[Sentence], fitted: Fitted) -> Prepared:
        """A shard as the model reads it, what was counted of it, and where roles would look."""
        tally = Tally()
        shard = self._read(sentences, tally)
        if len(shard):
            shard = self._reader.with_words(shard, fitted.related)
            tally.add_words(shard.wording)
        # Sentences remember the targets of roles, so that measuring need not wait for them.
        for tokens in shard.shown[0]:
            for variant in self._variants:
                variant.target(tokens)
        return Prepared(shard, tally)

    def shard(
        self, prepared: Prepared, pilot: Pilot, advance: Advance, seen: Seen = _unseen
    ) -> State:
        """The sums of a shard; what was fitted on the pilot is not kept with them."""
        if self._grouping is not None:
            return self._by_group(prepared.shard, prepared.tally, pilot, advance, seen)
        runs: tuple[StreamRun, ...] = ()
        if len(prepared.shard):
            runs = self._measurer.runs(prepared.shard, advance)
        return self._state(prepared.tally, runs, pilot, seen)

    def _by_group(
        self, shard: Shard, tally: Tally, pilot: Pilot, advance: Advance, seen: Seen
    ) -> State:
        """The sums of a shard by the groups of its sentences."""
        groups = self._grouping(shard) if self._grouping is not None else {}
        states: dict[str, State] = {}
        for value, places in groups.items():
            piece, counts = shard.picked(places), Tally()
            counts.add(piece.tokens, None)
            counts.add_words(piece.wording)
            runs = self._measurer.runs(piece, advance)
            states[value] = self._state(counts, runs, pilot, seen, value)
        strangest = sum((state.strangest for state in states.values()), Strangest())
        whole = self._state(Tally(), (), pilot, seen)
        return replace(
            whole,
            notes=Notes.of(tally),
            sentences=dict(tally.of_file),
            groups={value: replace(of, strangest=Strangest()) for value, of in states.items()},
            strangest=strangest,
        )

    def _read(self, sentences: Sequence[Sentence], tally: Tally) -> Shard:
        shard = self._reader.read([(sentence, None) for sentence in sentences], tally)
        tally.add(shard.tokens, None)
        check_lengths(Notes.of(tally), self._loaded, self._settings.long)
        return shard

    def _state(
        self, tally: Tally, runs: Sequence[StreamRun], pilot: Pilot, seen: Seen, group: str = ""
    ) -> State:
        streams: dict[str, StreamSums] = {}
        strangest = Strangest()
        for run in runs:
            streams[run.stream] = run.sums(pilot.fits[run.stream])
            strangest += Strangest.of(run, pilot)
            seen(run, pilot, group)
        info = InputInfo(
            split=self._settings.split,
            sentences=tally.sentences,
            tokens=tally.tokens,
            truncated=tally.truncated,
            words=tally.words,
        )
        known_by_key = Pilot(pilot.sentences, pilot.digest)
        measurement = Measurement(self._source, info, streams, known_by_key)
        of_file = dict(tally.of_file)
        return State(1, measurement, Notes.of(tally), of_file, strangest=strangest)
