"""One stream of layers in one shard of a text: what watches it, and the sums made of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from attnviz.attention.observer import Observer
from attnviz.attention.word_table import WordTable
from attnviz.evidence import arcs, looks
from attnviz.evidence.collect import collect
from attnviz.evidence.columns import fixed_columns, fixed_statistics
from attnviz.evidence.gather import RoleColumns
from attnviz.measurement.fixed import Ints
from attnviz.measurement.pilot import Fit
from attnviz.measurement.stream import LayerShape, StreamSums
from attnviz.measurement.units import Units
from attnviz.observers import target_hashes
from attnviz.observers.by_offset import OffsetKeeper
from attnviz.observers.layers import Surveyor
from attnviz.observers.rollout import FlowKeeper
from attnviz.observers.rows import RowKeeper, sample
from attnviz.observers.strips import StripKeeper
from attnviz.observers.sums import ScoreKeeper
from attnviz.observers.tables import ScoreTable
from attnviz.observers.watcher import watchers
from attnviz.observers.words import WordKeeper
from attnviz.roles.role import Role, arcs_of, expanded
from attnviz.settings import Settings
from attnviz.statistics.statistic import Statistic
from attnviz.survey.shards import Shard
from attnviz.text.types import Tokens

Fits = Mapping[str, Fit]
"""What the baselines learned of the pilot, by their names."""


class StreamRun:
    """What watches one stream while the model runs over a shard.

    `stream` is "" where a model has one only. `roles` and `statistics` are all there are; roles
    that the text decides on are made of its annotations. Of a `pilot` rows are kept, by which its
    heads, so many in all, are compared, and what flows in its sentences, as far as `room` bytes
    hold that of a long one.
    """

    def __init__(
        self,
        stream: str,
        shard: Shard,
        roles: Sequence[Role],
        statistics: Sequence[Statistic],
        settings: Settings,
        *,
        heads: int,
        room: float,
        pilot: bool,
    ) -> None:
        self.stream = stream
        self.tokens, self.keys = _sides(stream, shard)
        annotated = [
            tokens.sentence.annotation for tokens in self.tokens if tokens.sentence.annotation
        ]
        self.roles = expanded([role for role in roles if stream in role.streams], annotated)
        self._words = None
        if annotated and self.keys is None:
            self._words = WordKeeper(self.tokens, stream, settings.pieces, arcs_of(self.roles))
        self._scores = ScoreKeeper(self.roles, statistics, len(self.tokens), stream)
        self._watchers = watchers(self.roles, self.tokens, stream)
        self._offsets = None if self.keys is not None else OffsetKeeper(stream)
        self._strips = StripKeeper(self.roles, stream)
        self._layers = Surveyor(stream)
        self.rows = RowKeeper(sample(self.tokens, heads), stream) if pilot else None
        self.flow = None
        if pilot:
            self.flow = FlowKeeper(residual=settings.rollout_residual, room=room, stream=stream)

    @property
    def observers(self) -> list[Observer]:
        """What watches the run."""
        optional = (self._words, self._offsets, self.rows, self.flow)
        return [
            self._scores,
            *self._watchers.values(),
            self._strips,
            self._layers,
            *(observer for observer in optional if observer is not None),
        ]

    @cached_property
    def table(self) -> ScoreTable:
        """The sums of roles on tokens and of statistics, sentence by sentence."""
        return self._scores.table()

    @cached_property
    def words(self) -> WordTable | None:
        """What each word looks at most, None where nothing is known of words."""
        table = self._words.table() if self._words else None
        return table if table is not None and table.best.size else None

    def fits(self) -> dict[str, Fit]:
        """What the baselines learn of this shard, as the pilot."""
        learned = {name: watcher.fit() for name, watcher in self._watchers.items()}
        if self.words is not None:
            learned |= arcs.learn(self.roles, self.words, self.tokens)
        return learned

    def on_tokens(self, fits: Fits) -> list[RoleColumns]:
        """The sums [sentence, head] of the roles on tokens."""
        kept = {name: watcher.kept() for name, watcher in self._watchers.items()}
        return collect(self.table, self.tokens, fits, kept)

    def between_words(self, fits: Fits) -> list[RoleColumns]:
        """The sums [sentence, head] of the roles between words."""
        if self.words is None:
            return []
        return arcs.collect(self.roles, self.words, self.tokens, fits)

    def sums(self, fits: Fits) -> StreamSums:
        """Everything of this shard that adds up; `fits` are those of the pilot."""
        units, rows = Units.of(
            [tokens.sentence.unit for tokens in self.tokens],
            [tokens.sentence.digest for tokens in self.tokens],
        )
        columns, covered = fixed_columns(
            [*self.on_tokens(fits), *self.between_words(fits)], rows, len(units)
        )
        return StreamSums(
            units,
            columns | fixed_statistics(self.table, rows, len(units)),
            covered | self._totals(),
            self.layers,
            self._layers.longest,
        )

    def _totals(self) -> dict[str, Ints]:
        """Sums over all sentences that know no unit."""
        sums = self._strips.totals() | target_hashes.totals(self.roles, self.tokens, self.keys)
        if self._offsets is not None:
            sums |= self._offsets.totals()
        if self.words is not None:
            sums |= looks.totals(self.words, self.tokens)
        return sums

    @property
    def layers(self) -> tuple[LayerShape, ...]:
        """What each layer is."""
        return self._layers.shapes()

    @property
    def flowless(self) -> int:
        """How many sentences have no rollout for want of memory."""
        if self.keys is not None or self.flow is None:
            return 0
        return sum(not len(flow.rollout) for flow in self.flow.flows.values())


def _sides(stream: str, shard: Shard) -> tuple[Sequence[Tokens], Sequence[Tokens] | None]:
    """The queries of a stream, and what they look at in cross-attention."""
    tokens, targets = shard.shown
    if stream in {"", "encoder"} or targets is None:
        return tokens, None
    return targets, tokens if stream == "cross" else None
