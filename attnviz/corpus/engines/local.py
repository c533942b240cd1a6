"""The engine of this process: a thread reads and splits a shard while the model runs on another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attnviz.corpus.ahead import ahead
from attnviz.corpus.engines.engine import Numbered, Work
from attnviz.corpus.grouping import grouping
from attnviz.corpus.rows import RowWriter, Writing, rows_name
from attnviz.corpus.shards import Advance, Fitted, Prepared, ShardMeasurer
from attnviz.corpus.state import State
from attnviz.measurement.pilot import Pilot
from attnviz.models import run as model_run
from attnviz.models.load import LoadedModel
from attnviz.steps.measure import Measurer, source
from attnviz.survey.shards import Reader
from attnviz.text.types import Sentence


class Local:
    """Measures with a model in this process.

    `writing` opens files for rows, by name; None: no rows are written.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        reader: Reader,
        work: Work,
        writing: Writing | None,
    ) -> None:
        self._loaded, self._writing = loaded, writing
        self._grouped = bool(work.group or work.label)
        settings = work.settings
        self.source = source(loaded, settings)
        measurer = Measurer(loaded, work, settings, work.most)
        self.batch_tokens = min(measurer.most_tokens, model_run.most_on(loaded.device)[0])
        by_group = grouping(loaded, settings, work.group, work.label, measurer.most_tokens)
        self._measurer = ShardMeasurer(loaded, reader, measurer, settings, self.source, by_group)

    def pilot(self, sentences: Sequence[Sentence], advance: Advance, *, rows: bool) -> State:
        """The sums of the pilot."""
        with self._rows("pilot", wanted=rows) as seen:
            return self._measurer.pilot(sentences, advance, seen)

    def shards(
        self,
        shards: Iterator[Numbered],
        many: int,  # noqa: ARG002 - one process can't share them out
        pilot: Pilot,
        advance: Advance,
    ) -> Iterator[State]:
        """The sums of each shard."""
        fitted = Fitted.of(self._loaded, pilot)

        def prepared(numbered: Numbered) -> tuple[int, Prepared]:
            return numbered[0], self._measurer.prepared(numbered[1], fitted)

        for place, shard in ahead(shards, prepared):
            with self._rows(f"{place:06}") as seen:
                state = self._measurer.shard(shard, pilot, advance, seen)
            yield state

    def _rows(self, name: str, *, wanted: bool = True) -> RowWriter:
        writing = self._writing if wanted else None
        return RowWriter(writing, rows_name(name), grouped=self._grouped)
