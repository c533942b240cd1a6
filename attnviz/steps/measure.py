"""Measuring: the model runs over a text, and what is left of it are sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from attnviz import budget, probing
from attnviz.attention.observer import Observer
from attnviz.evidence.usual import usual
from attnviz.measurement.measurement import Measurement
from attnviz.measurement.pilot import Pilot
from attnviz.measurement.source import ModelInfo, Source
from attnviz.measurement.stream import StreamSums
from attnviz.models.load import LoadedModel
from attnviz.models.related import Related
from attnviz.models.run import observe
from attnviz.registry import discover
from attnviz.roles.role import Role
from attnviz.settings import Settings, declarations
from attnviz.stages import Progress
from attnviz.statistics.statistic import Statistic
from attnviz.steps.stream import StreamRun
from attnviz.survey.shards import Shard
from attnviz.survey.survey import Survey
from attnviz.text.types import Tokens
from attnviz.version import __version__

Advance = Callable[[int], None]


def _unheard(_: int) -> None:
    """For runs of which no progress is shown."""


class Extent(Protocol):
    """How much is measured: the longest text, and how many sentences at most `together`."""

    @property
    def longest(self) -> Tokens:
        """The longest text of either side."""

    @property
    def together(self) -> int:
        """The most sentences that are measured together."""


@dataclass(frozen=True)
class Measured:
    """A measurement, and the runs over the pilot that figures and examples are made from."""

    measurement: Measurement
    runs: tuple[StreamRun, ...]


class Measurer:
    """Runs a model over shards of a text, as far as memory allows.

    A batch has at most `most` tokens, or as many as memory allows. Raises InputError where the
    longest sentence does not fit.
    """

    def __init__(
        self, loaded: LoadedModel, survey: Extent, settings: Settings, most: int | None = None
    ) -> None:
        self.loaded, self.settings, self._most = loaded, settings, most
        self._allowed = budget.check(loaded, [survey.longest], settings.max_memory, survey.together)
        self._roles = discover("attnviz.roles", "ROLE", Role)
        self._statistics = discover("attnviz.statistics", "STATISTIC", Statistic)

    @property
    def most_tokens(self) -> int:
        """Tokens that a batch may have."""
        return self._allowed.tokens if self._most is None else self._most

    @property
    def room(self) -> float:
        """Bytes that the rollout of a long sentence may take."""
        return self._allowed.room

    def observe(
        self, shard: Shard, observers: Sequence[Observer], advance: Advance = _unheard
    ) -> None:
        """Runs the model over a shard; `advance` gets sentences done."""
        observe(
            self.loaded,
            shard.tokens,
            observers,
            advance,
            shard.targets,
            kernel=self.settings.kernel,
            most=self.most_tokens,
            wording=shard.wording,
        )

    def runs(
        self, shard: Shard, advance: Advance = _unheard, *, pilot: bool = False
    ) -> tuple[StreamRun, ...]:
        """The streams of a shard, after the model ran over it."""
        runs = tuple(
            StreamRun(
                stream,
                shard,
                self._roles,
                self._statistics,
                self.settings,
                heads=self.loaded.heads,
                room=self.room,
                pilot=pilot,
            )
            for stream in self.loaded.streams
        )
        self.observe(shard, [one for stream in runs for one in stream.observers], advance)
        return runs


def measure(
    measurer: Measurer, survey: Survey, progress: Progress, *, illustrated: bool
) -> Measured:
    """Measures a text: its pilot first, unless it has one already, then the rest shard by shard.

    The runs over the pilot are kept only where the report is to be `illustrated`.
    """
    progress.stage("measuring sentences", survey.tally.sentences)
    runs: tuple[StreamRun, ...] = ()
    streams: dict[str, StreamSums] = {}
    if (pilot := survey.fitted) is None:
        runs = measurer.runs(survey.pilot, progress.advance, pilot=True)
        pilot = pilot_of(survey.pilot, survey.related, runs)
        streams = {run.stream: run.sums(pilot.fits[run.stream]) for run in runs}
        runs = runs if illustrated else ()
    for shard in survey.rest():
        for run in measurer.runs(shard, progress.advance):
            sums = run.sums(pilot.fits[run.stream])
            streams[run.stream] = streams.get(run.stream, StreamSums()) + sums
    progress.stage("probing induction")
    probed, unprobed = probing.probe(measurer.loaded, measurer.settings, measurer.most_tokens)
    measurement = Measurement(
        source=source(measurer.loaded, measurer.settings),
        input=survey.info,
        streams=streams,
        pilot=pilot,
        warnings=survey.warnings,
        induction=probed,
        no_induction=unprobed,
    )
    return Measured(measurement, runs)


def pilot_of(
    shard: Shard, related: tuple[Related, Related | None], runs: Sequence[StreamRun]
) -> Pilot:
    """What was fitted on a shard, after the model ran over it, and what makes words `related`."""
    digests = np.array([of.sentence.digest for of in shard.tokens], np.uint64)
    return Pilot(
        sentences=len(shard),
        digest=int(digests.sum()),
        related=tuple(side.fit for side in related if side),
        fits={one.stream: one.fits() for one in runs},
        compared={
            one.stream: compared
            for one in runs
            if one.rows is not None and (compared := one.rows.compared(one.tokens)) is not None
        },
        usual={
            one.stream: known
            for one in runs
            if (known := usual(one.table, [len(tokens) for tokens in one.tokens])) is not None
        },
    )


def source(loaded: LoadedModel, settings: Settings) -> Source:
    """Where a measurement by this model comes from."""
    return Source(
        version=__version__,
        model=ModelInfo(
            name=loaded.name,
            revision=loaded.revision,
            architecture=loaded.architecture,
            layers=loaded.layers,
            heads=loaded.heads,
            key_value_heads=loaded.key_value_heads,
            parameters=loaded.parameters,
            dtype=loaded.dtype,
            causal=loaded.causal,
            quantization=loaded.quantization,
        ),
        settings={
            name: getattr(settings, name)
            for name, declaration in declarations().items()
            if declaration.setting.shapes
        },
    )
