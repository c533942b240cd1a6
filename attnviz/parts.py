"""One attention of a model, from what was observed to its part of the report.

Most models have one, an encoder-decoder model three: the encoder's, the decoder's, and from the
decoder to the encoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from attnviz.attention.matrices import MatrixKeeper
from attnviz.attention.observer import Observer
from attnviz.attention.survey import Surveyor
from attnviz.attention.words import WordKeeper, WordTable
from attnviz.baselines.gold import Coverage
from attnviz.baselines.known import watchers
from attnviz.evidence import arcs, illustrate
from attnviz.evidence.best import best
from attnviz.evidence.collect import collect
from attnviz.evidence.examples import PlaySums, Wanted, wanted
from attnviz.evidence.exemplars import ExampleKeeper
from attnviz.evidence.gather import RoleColumns, choose
from attnviz.evidence.judge import judge
from attnviz.evidence.looks import looks
from attnviz.evidence.offsets import OffsetKeeper
from attnviz.evidence.overlap import StripKeeper, compare, overlap
from attnviz.evidence.rules import rules
from attnviz.evidence.scores import ScoreKeeper, ScoreTable
from attnviz.evidence.similarity import RowKeeper, sample
from attnviz.evidence.units import Units
from attnviz.figures.views import POOLED, SentenceView
from attnviz.flow.rollout import FlowKeeper
from attnviz.report import build, views
from attnviz.report.candidates import spare
from attnviz.report.findings import findings
from attnviz.report.given import LayerInfo, ModelInfo
from attnviz.report.heads import plays, with_examples, with_looks, with_offsets, with_overlap
from attnviz.report.model import Report, SentenceReport
from attnviz.roles.role import Role, arcs_of, expanded, reported
from attnviz.settings import Settings
from attnviz.statistics.statistic import Statistic
from attnviz.text.types import Tokens


class Part:
    """One attention: its keepers while the model runs, and then its report.

    `tokens` are the queries, sentence by sentence, `keys` what cross-attention looks at.
    """

    def __init__(
        self,
        stream: str,
        tokens: Sequence[Tokens],
        keys: Sequence[Tokens] | None,
        roles: Sequence[Role],
        statistics: Sequence[Statistic],
        settings: Settings,
        *,
        heads: int,
        room: float,
    ) -> None:
        self.stream = stream
        self._tokens, self._keys = tokens, keys
        self._annotations = annotations = [
            one.sentence.annotation for one in tokens if one.sentence.annotation
        ]
        self._rules = rules(settings.evidence)
        self._asked = self._rules.applied([role for role in roles if stream in role.streams])
        self._measured = self._rules.applied(expanded(self._asked, annotations))
        between = bool(annotations) and not keys
        self._words = None
        if between:
            self._words = WordKeeper(tokens, stream, settings.pieces, arcs_of(self._measured))
        self._statistics = statistics
        self._settings, self._room = settings, room
        self._scores = ScoreKeeper(self._measured, statistics, len(tokens), stream)
        self._watchers = watchers(self._measured, tokens, stream)
        self._offsets = None if keys else OffsetKeeper(stream)
        self._rows = RowKeeper(sample(tokens, heads), stream)
        self._strips = StripKeeper(self._measured, stream)
        self._flow = FlowKeeper(residual=settings.rollout_residual, room=room, stream=stream)
        self._survey = Surveyor(stream)

    @property
    def observers(self) -> list[Observer]:
        """What watches the first run."""
        asked = [one for one in (self._words, self._offsets) if one]
        return [
            self._scores,
            *self._watchers.values(),
            *asked,
            self._rows,
            self._strips,
            self._flow,
            self._survey,
        ]

    @cached_property
    def roles(self) -> list[Role]:
        """What is reported, with the margins of this run; known after it."""
        arcs = {name: one.arcs for name, one in self._coverage.items()}
        return reported(self._asked, self._measured, arcs)

    @cached_property
    def table(self) -> ScoreTable:
        """The sums of the first run."""
        return self._scores.table()

    @property
    def flowless(self) -> int:
        """How many sentences have no rollout for want of memory."""
        if self._keys:
            return 0
        return sum(not len(flow.rollout) for flow in self._flow.flows.values())

    def report(self, whole: Report) -> Report:
        """The report of this part; `whole` has what all parts share."""
        settings, table = self._settings, self.table
        units = Units(self._tokens)
        weights = units.weights(settings.resamples, settings.seed)
        sums = choose([units.of(columns) for columns in self._on_tokens], units.half)
        names, coverage = {role.name for role in self.roles}, self._coverage
        between = [columns for columns in self._between if columns.role.name in names]
        of_words = choose([units.of(columns) for columns in between], units.half)
        judgements = judge([*sums, *of_words], units.half, weights, self._rules)
        heads = build.heads(table, judgements, units, weights, self.stream)
        heads = with_offsets(heads, self._offsets.offsets() if self._offsets else None)
        strips = self._strips.strips()
        compared = compare(self._measured, self._tokens, self._keys, strips)
        told = overlap(self.roles, compared, judgements)
        heads = with_overlap(heads, told, judgements)
        heads = with_looks(heads, looks(self._looks, self._tokens) if self._looks else None)
        same = {name: leads for leads, name in sorted(told.same, reverse=True)}
        infos = build.roles(self.roles, judgements, heads, coverage, self._annotations)
        infos = tuple(replace(one, same_as=same.get(one.name, "")) for one in infos)
        likeness = self._rows.likeness(units.digests, settings.resamples, settings.seed)
        alike = build.similarity(likeness, heads)
        chosen = best(of_words, units.half)
        relations = build.relations(chosen, judgements, heads, coverage)
        return replace(
            whole,
            model=self._model(whole.model),
            roles=infos,
            statistics=build.statistics(self._statistics, heads),
            heads=heads,
            sentences=tuple(map(self._sentence, range(len(self._tokens)))),
            similarity=alike,
            findings=findings(heads, infos, alike, len(self._tokens), whole.induction),
            warnings=() if self.stream else whole.warnings,
            attention=self.stream,
            layers=tuple(
                LayerInfo(one.number, one.heads, one.key_heads, one.window)
                for one in self._survey.layers()
            ),
            relations=relations,
            special_mass=self._special_mass if relations else None,
            spare=spare(heads, likeness, alike, whole.induction),
        )

    @property
    def _on_tokens(self) -> list[RoleColumns]:
        """The sums of the roles on tokens."""
        fits = {name: watcher.fit() for name, watcher in self._watchers.items()}
        kept = {name: watcher.kept() for name, watcher in self._watchers.items()}
        return collect(self.table, self._tokens, fits, kept)

    @cached_property
    def _between(self) -> list[RoleColumns]:
        """The sums of the roles between words, rare relations among them."""
        if self._looks is None:
            return []
        text = self._measured, self._looks, self._tokens
        return arcs.collect(*text, arcs.learn(*text))

    @cached_property
    def _coverage(self) -> dict[str, Coverage]:
        """How much of the text the roles between words cover, by name."""
        return {one.role.name: one.coverage for one in self._between if one.coverage}

    @cached_property
    def _looks(self) -> WordTable | None:
        table = self._words.table() if self._words else None
        return table if table is not None and table.best.size else None

    @property
    def _special_mass(self) -> tuple[float, float] | None:
        if self._looks is None or not self._looks.left.size:
            return None
        left = self._looks.left.clip(0.0, 1.0)  # a difference, so rounding may take it below
        return float(left.min()), float(left.max())

    def _model(self, whole: ModelInfo) -> ModelInfo:
        layers = self._survey.layers()
        seen = max(one.number for one in layers) + 1
        return replace(
            whole,
            layers=seen if self.stream else max(seen, whole.layers),
            heads=max(one.heads for one in layers),
            key_value_heads=max(one.key_heads for one in layers),
            causal=self._keys is None and self._survey.causal,
        )

    @cached_property
    def _numbers(self) -> list[int]:
        """The numbers of the layers that have attention."""
        return [one.number for one in self._survey.layers()]

    def _sentence(self, place: int) -> SentenceReport:
        tokens = self._tokens[place]
        return build.sentence(
            tokens,
            self._flow.flows[place],
            layers=self._numbers,
            source=self._keys[place] if self._keys else None,
            generated=tokens.generated,
        )

    @cached_property
    def _sums(self) -> PlaySums:
        """The sums of single heads and roles, sentence by sentence."""
        return PlaySums(self.table, self._between)

    def _best(self, report: Report) -> tuple[views.Best, ...]:
        """The heads that are drawn."""
        return views.best_heads(report, self.roles, self._sums)

    def wanted(self, report: Report) -> list[Wanted]:
        """The sentences that show what the heads of each role do: see `evidence.examples`."""
        sums = self._sums
        sides = (self._tokens, self._keys or self._tokens)
        lengths = [max(map(len, both)) for both in zip(*sides, strict=True)]
        every = plays(self.roles, report.roles, report.heads)
        return [one for play in every for one in wanted(play, sums(play), lengths)]

    def exemplify(self, asked: Sequence[Wanted], places: Sequence[int]) -> ExampleKeeper:
        """What watches a run over the sentences at `places`, for the examples among them."""
        return ExampleKeeper(asked, places, self._looks, self.stream, self._settings.pieces)

    def exemplified(self, report: Report, keeper: ExampleKeeper) -> Report:
        """The report with its examples."""
        heads = with_examples(report.heads, keeper.exemplars, self._tokens, self._keys)
        return replace(report, heads=heads)

    def choose(self, report: Report) -> tuple[int, ...]:
        """Places of the sentences that get figures."""
        if self._settings.sentences:
            wanted = set(self._settings.sentences)
            return tuple(at for at, one in enumerate(self._tokens) if one.sentence.id in wanted)
        lengths = [len(one) for one in self._tokens]
        events = np.zeros((len(lengths), 0))
        if best := self._best(report):
            events = np.stack([one.sums.events for one in best], axis=1)
        return illustrate.choose(lengths, events, self._settings.illustrate)

    def draw(self, report: Report, places: Sequence[int]) -> Drawing:
        """What watches the second run, over the sentences that get figures."""
        best = self._best(report)
        flow = FlowKeeper(
            residual=self._settings.rollout_residual,
            matrices=True,
            room=self._room,
            stream=self.stream,
        )
        heads = {(one.play.layer, one.play.head) for one in best}
        matrices = MatrixKeeper(heads, POOLED, self.stream)
        return Drawing(self, report, places, best, matrices, flow)

    def view(self, drawing: Drawing, index: int) -> SentenceView:
        """One drawn sentence as its figures want it; `index` counts the drawn ones."""
        place, report = drawing.places[index], drawing.report
        tokens, keys = self._tokens[place], self._keys[place] if self._keys else None
        drawn = drawing.matrices.drawn[index]
        sides, causal = (tokens, keys or tokens), report.model.causal
        heads = views.head_views(sides, drawn, drawing.best, self._looks, place, causal=causal)
        return views.sentence_view(tokens, drawn, drawing.flow.flows[index], heads, report, keys)


@dataclass(frozen=True)
class Drawing:
    """The second run of one part: its keepers, and afterwards the views of what was drawn."""

    part: Part
    report: Report
    places: Sequence[int]
    best: Sequence[views.Best]
    matrices: MatrixKeeper
    flow: FlowKeeper

    @property
    def observers(self) -> list[Observer]:
        """What watches."""
        return [self.matrices, self.flow]

    def finished(self) -> Report:
        """The report with its illustrations."""
        found = tuple(self.part.view(self, index) for index in range(len(self.places)))
        return replace(self.report, illustrations=found)
