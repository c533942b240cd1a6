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
from attnviz.evidence import arcs, illustrate
from attnviz.evidence.best import best
from attnviz.evidence.examples import PlaySums, Wanted, wanted
from attnviz.evidence.exemplars import ExampleKeeper
from attnviz.evidence.gather import RoleSums, gather
from attnviz.evidence.judge import judge
from attnviz.evidence.looks import looks
from attnviz.evidence.offsets import OffsetKeeper
from attnviz.evidence.other_segment import OtherSegmentKeeper
from attnviz.evidence.overlap import StripKeeper, overlap
from attnviz.evidence.profile import Profile, ProfileKeeper
from attnviz.evidence.rules import rules
from attnviz.evidence.scores import Array, ScoreKeeper, ScoreTable
from attnviz.evidence.similarity import RowKeeper, sample
from attnviz.evidence.units import Units
from attnviz.figures.views import POOLED, SentenceView
from attnviz.flow.rollout import FlowKeeper
from attnviz.report import build, views
from attnviz.report.findings import findings
from attnviz.report.given import LayerInfo, ModelInfo
from attnviz.report.heads import plays, with_examples, with_looks, with_offsets, with_overlap
from attnviz.report.model import Report, SentenceReport
from attnviz.report.removal import spare
from attnviz.roles.role import Role, WordRole, arcs_of, expanded
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
        self._roles = self._rules.applied(
            expanded([role for role in roles if stream in role.streams], annotations)
        )
        between = bool(annotations) and not keys
        self._words = None
        if between:
            self._words = WordKeeper(tokens, stream, settings.pieces, arcs_of(self._roles))
        self._statistics = statistics
        self._settings, self._room = settings, room
        self._scores = ScoreKeeper(self._roles, statistics, len(tokens), stream)
        self._profile = None if keys else ProfileKeeper(max(map(len, tokens)), stream)
        pairs = any(one.segments for one in tokens) and not keys
        self._segments = OtherSegmentKeeper(tokens, stream) if pairs else None
        self._offsets = None if keys else OffsetKeeper(stream)
        self._rows = RowKeeper(sample(tokens, heads), stream)
        self._strips = StripKeeper(self._roles, stream)
        self._flow = FlowKeeper(residual=settings.rollout_residual, room=room, stream=stream)
        self._survey = Surveyor(stream)

    @property
    def observers(self) -> list[Observer]:
        """What watches the first run."""
        asked = [one for one in (self._profile, self._words, self._segments, self._offsets) if one]
        return [self._scores, *asked, self._rows, self._strips, self._flow, self._survey]

    @property
    def roles(self) -> list[Role]:
        """What is looked for, with the margins of this run."""
        return self._roles

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
        sums = gather(table, self._tokens, self._habits, self._measured)
        of_words, coverage = self._between
        sums, of_words = [units.of(one) for one in sums], [units.of(one) for one in of_words]
        judgements = judge([*sums, *of_words], units.half, weights, self._rules)
        heads = build.heads(table, judgements, units, weights, self.stream)
        heads = with_offsets(heads, self._offsets.offsets() if self._offsets else None)
        told = overlap(self._roles, judgements, self._tokens, self._keys, self._strips.shares())
        heads = with_overlap(heads, told, judgements)
        heads = with_looks(heads, looks(self._looks, self._tokens) if self._looks else None)
        same = {name: leads for leads, name in sorted(told.same, reverse=True)}
        infos = build.roles(self._roles, judgements, heads, coverage, self._annotations)
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

    @cached_property
    def _between(self) -> tuple[list[RoleSums], dict[str, arcs.Coverage]]:
        """The sums of the roles between words, and how much of the text they cover."""
        if self._looks is None:
            return [], {}
        roles = [role for role in self._roles if isinstance(role, WordRole)]
        return arcs.gather(roles, self._looks, self._tokens)

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

    @property
    def _measured(self) -> dict[str, Array]:
        """Baselines that have an observer of their own."""
        return {"other segment": self._segments.expected()} if self._segments else {}

    @cached_property
    def _habits(self) -> Profile | None:
        return self._profile.profile() if self._profile else None

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
        return PlaySums(self.table, self._between[0])

    def _best(self, report: Report) -> tuple[views.Best, ...]:
        """The heads that are drawn."""
        return views.best_heads(report, self._roles, self._sums)

    def wanted(self, report: Report) -> list[Wanted]:
        """The sentences that show what the heads of each role do: see `evidence.examples`."""
        sums = self._sums
        sides = (self._tokens, self._keys or self._tokens)
        lengths = [max(map(len, both)) for both in zip(*sides, strict=True)]
        every = plays(self._roles, report.roles, report.heads)
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
