"""Illustrating: the model runs once more, over the few sentences that show what was judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Protocol

import numpy as np

from attnviz import budget
from attnviz.attention.observer import Observer
from attnviz.errors import UsageError
from attnviz.figures.views import POOLED, SentenceView
from attnviz.findings import build, drawn_sentences, views
from attnviz.findings import explored as of_explorer
from attnviz.findings.examples import HeadRoleSums, example_sentences
from attnviz.findings.heads import head_roles, with_examples
from attnviz.findings.sentence_looks import heads_here, sentence_looks
from attnviz.observers.examples import ExampleKeeper
from attnviz.observers.matrices import MatrixKeeper
from attnviz.observers.neurons import NeuronKeeper, fitting
from attnviz.observers.packed import HeadPlace, Packed
from attnviz.observers.packing import PackedKeeper
from attnviz.observers.rollout import FlowKeeper
from attnviz.observers.shown import RANGES, ExampleSentence
from attnviz.report.explored import Explored
from attnviz.report.explorer import fitted
from attnviz.report.model import Report, SentenceReport
from attnviz.report.predictions import Prediction
from attnviz.roles.role import Role
from attnviz.settings import Settings
from attnviz.steps.measure import Measured, Measurer
from attnviz.steps.predict import predicted
from attnviz.steps.stream import StreamRun
from attnviz.survey.shards import Shard
from attnviz.text.merge import last_looks
from attnviz.text.right_labels import RightLabels
from attnviz.values import heads as heads_named
from attnviz.values import size

_NEURONS, _NEURON_SHARE = 32_768, 1 / 16
"""Bytes that queries and keys of a sentence may take, and more of so large a share of weights."""


class Illustrating(Protocol):
    """A text, as far as it illustrates: a survey of it, or what stands for one."""

    @property
    def pilot(self) -> Shard:
        """The sentences that examples are chosen from."""

    @property
    def whole(self) -> bool:
        """Whether these are the whole text."""

    @property
    def labels(self) -> RightLabels | None:
        """The right labels of its sentences, where there are any."""

    def some(self, numbers: set[int]) -> Shard:
        """The sentences with these numbers."""


def illustrate(
    report: Report, measured: Measured, survey: Illustrating, measurer: Measurer
) -> Report:
    """The report with its sentences, examples and pictures, from runs over sentences of the pilot.

    Sentences that are to be drawn and are not among these are measured by themselves.
    """
    runs = [
        _Illustrator(run, part, measurer.settings)
        for run, part in zip(measured.runs, report.every_part, strict=True)
    ]
    _check_heads(runs, measurer.settings)
    examples = [run.example_sentences() for run in runs]
    places = sorted({example.place for of_run in examples for example in of_run})
    # Examples and figures run apart: sentences that share a batch round differently.
    keepers = [run.exemplify(of_run, places) for run, of_run in zip(runs, examples, strict=True)]
    measurer.observe(survey.pilot.picked(places), keepers)
    parts = [run.exemplified(keeper) for run, keeper in zip(runs, keepers, strict=True)]
    drawings, drawn = _drawings(runs, parts, survey, measurer)
    said = predicted(measurer, drawn, survey.labels)
    listed = None if survey.whole else places
    finished = tuple(
        replace(
            part,
            illustrations=drawing.views,
            explored=drawing.explored(),
            sentences=drawing.with_looks(_listed(run.sentences(listed), drawing.sentences(), said)),
        )
        for part, drawing, run in zip(parts, drawings, runs, strict=True)
    )
    warnings = report.warnings
    if flowless := sum(run.run.flowless for run in runs):
        warnings = (*warnings, budget.no_rollout(flowless))
    if not report.parts:
        return fitted(replace(finished[0], warnings=warnings))
    return fitted(replace(report, parts=finished, warnings=warnings))


def _check_heads(runs: Sequence[_Illustrator], settings: Settings) -> None:
    """Raises UsageError for a head that was named and is in no stream."""
    there = {(head.layer, head.head) for run in runs for head in run.report.heads}
    for layer, head in runs[0].asked:
        if (layer, head) not in there:
            raise UsageError(
                f"--explore-heads {settings.explore_heads}: there is no head L{layer}H{head}.",
                f"Layers are 0 to {max(there)[0]}, heads 0 to {max(at for _, at in there)}.",
            )


def _drawings(
    runs: Sequence[_Illustrator],
    parts: Sequence[Report],
    survey: Illustrating,
    measurer: Measurer,
) -> tuple[list[_Drawing], Shard]:
    """What is drawn of each stream, after the model ran over the sentences that are drawn."""
    settings, shard, drawn = measurer.settings, survey.pilot, runs
    if set(settings.sentences) - {tokens.sentence.id for tokens in shard.tokens}:
        shard = survey.some(set(settings.sentences))
        apart = measurer.runs(shard, pilot=True)
        drawn = [_Illustrator(run, part, settings) for run, part in zip(apart, parts, strict=True)]
    places = drawn[-1].choose()
    drawings = [
        _Drawing(run, part, places, room=measurer.room)
        for run, part in zip(drawn, parts, strict=True)
    ]
    watching = [observer for drawing in drawings for observer in drawing.observers]
    drawn_shard = shard.picked(places)
    measurer.observe(drawn_shard, watching)
    return drawings, drawn_shard


def _listed(
    first: Sequence[SentenceReport],
    second: Sequence[SentenceReport],
    said: Mapping[int, Prediction],
) -> tuple[SentenceReport, ...]:
    """The sentences of both in the order of the text, each once, with what the model says."""
    by_number = {sentence.id: sentence for sentence in (*second, *first)}
    return tuple(
        replace(by_number[number], prediction=said.get(number)) for number in sorted(by_number)
    )


class _Illustrator:
    """One stream's part of the report, and the run whose sentences illustrate it."""

    def __init__(self, run: StreamRun, report: Report, settings: Settings) -> None:
        self.run, self.report, self._settings = run, report, settings
        self.residual = settings.rollout_residual
        self.pieces = settings.pieces
        self.explorer_room = size(settings.max_size or "0")
        self.asked = heads_named(settings.explore_heads) if settings.explore_heads else ()

    @cached_property
    def sums(self) -> HeadRoleSums:
        """The sums of single heads and roles, sentence by sentence."""
        return HeadRoleSums(self.run.table, self.run.between_words({}))

    @cached_property
    def roles(self) -> list[Role]:
        """The roles that the report tells of, as far as this run met them."""
        reported = {info.name for info in self.report.roles}
        return [role for role in self.run.roles if role.name in reported]

    @cached_property
    def best(self) -> tuple[views.DrawnHead, ...]:
        """The heads that are drawn."""
        return views.best_heads(self.report, self.roles, self.sums)

    def example_sentences(self) -> list[ExampleSentence]:
        """The sentences that show what the heads of each role do: see `findings.examples`."""
        run = self.run
        sides = (run.tokens, run.keys or run.tokens)
        lengths = [max(map(len, both)) for both in zip(*sides, strict=True)]
        every = head_roles(self.roles, self.report.roles, self.report.heads)
        best = list({head_role.role.name: head_role for head_role in every[::-1]}.values())
        ranges = sorted(best, key=every.index)[:RANGES]
        return [
            example
            for head_role in every
            for example in example_sentences(
                head_role, self.sums(head_role), lengths, between=head_role in ranges
            )
        ]

    def exemplify(
        self, examples: Sequence[ExampleSentence], places: Sequence[int]
    ) -> ExampleKeeper:
        """What watches a run over the sentences at `places`, for the examples among them."""
        run = self.run
        return ExampleKeeper(examples, places, run.words, run.stream, self._settings.pieces)

    def exemplified(self, keeper: ExampleKeeper) -> Report:
        """The report with its examples."""
        run = self.run
        heads = with_examples(self.report.heads, keeper.queries, run.tokens, run.keys)
        return replace(self.report, heads=heads)

    def choose(self) -> tuple[int, ...]:
        """Places of the sentences that get figures."""
        tokens = self.run.tokens
        if numbers := set(self._settings.sentences):
            return tuple(at for at, each in enumerate(tokens) if each.sentence.id in numbers)
        showing = np.concatenate(
            [np.zeros((len(tokens), 0)), *(best.showing for best in self.best)], axis=1
        )
        return drawn_sentences.choose(list(map(len, tokens)), showing, self._settings.illustrate)

    def heads_on(self, places: Sequence[int]) -> list[list[views.DrawnHead]]:
        """The heads to draw on each of these sentences: where they show, or all where asked for."""
        clear = [drawn_sentences.clear(best.showing[list(places)]) for best in self.best]
        return [
            [
                best
                for best, on in zip(self.best, clear, strict=True)
                if on[index] or self._settings.sentences
            ]
            for index in range(len(places))
        ]

    def sentences(self, places: Sequence[int] | None = None) -> list[SentenceReport]:
        """What flows in the sentences at `places`, or in all."""
        run = self.run
        if run.flow is None:
            return []
        numbers = [layer.number for layer in run.layers]
        return [
            build.sentence(
                run.tokens[place],
                run.flow.flows[place],
                layers=numbers,
                source=run.keys[place] if run.keys else None,
                generated=run.tokens[place].generated,
            )
            for place in (range(len(run.tokens)) if places is None else places)
        ]


class _Drawing:
    """The run over the sentences that are drawn: its observers, and afterwards its views."""

    def __init__(
        self, stream: _Illustrator, report: Report, places: Sequence[int], *, room: float
    ) -> None:
        self.stream, self._report, self._places = stream, report, places
        self._heads = stream.heads_on(places)
        drawn = {(best.layer, best.head) for best in stream.best}
        self._matrices = MatrixKeeper(drawn, POOLED, stream.run.stream)
        self._flow = FlowKeeper(
            residual=stream.residual, matrices=True, room=room, stream=stream.run.stream
        )
        self._packed = PackedKeeper(stream.explorer_room, stream.run.stream)
        self._neurons = NeuronKeeper({*drawn, *stream.asked}, stream.run.stream)

    @property
    def observers(self) -> list[Observer]:
        """What watches."""
        packed = [self._packed, self._neurons] if self.stream.explorer_room else []
        return [self._matrices, self._flow, *packed]

    def sentences(self) -> list[SentenceReport]:
        """What flows in the drawn sentences."""
        return self.stream.sentences(self._places)

    @cached_property
    def views(self) -> tuple[SentenceView, ...]:
        """The drawn sentences as their figures want them."""
        return tuple(self._view(index, place) for index, place in enumerate(self._places))

    def explored(self) -> tuple[Explored, ...]:
        """The drawn sentences as the page's explorer wants them."""
        run, causal = self.stream.run, self._report.model.causal
        roles = of_explorer.role_targets(self._report, self.stream.roles)
        last = last_looks(self.stream.pieces, causal=causal)
        explored = []
        for index, packed in self._packed.sentences.items():
            place = self._places[index]
            sides = run.tokens[place], run.keys[place] if run.keys else None
            cells = of_explorer.targets_on(roles, sides, run.words, place, causal=causal)
            neurons = self._neurons_of(index, packed)
            explored.append(of_explorer.explored(sides, packed, cells, neurons, last=last))
        return tuple(sorted(explored, key=lambda sentence: sentence.id))

    def _neurons_of(self, index: int, packed: Packed) -> dict[HeadPlace, bytes]:
        """Queries and keys of the heads that are drawn, as far as they are small beside weights."""
        weigh = sum(map(len, packed.layers.values()))
        return fitting(
            self._neurons.sentences.get(index, {}),
            [(best.layer, best.head) for best in self.stream.best],
            self.stream.asked,
            _NEURONS + _NEURON_SHARE * weigh,
        )

    def with_looks(self, sentences: Sequence[SentenceReport]) -> tuple[SentenceReport, ...]:
        """The sentences, those that are drawn with what their words look at."""
        run, best = self.stream.run, self.stream.best
        looks = {
            view.id: sentence_looks(
                view,
                run.tokens[place],
                run.keys[place] if run.keys else None,
                heads_here(best, place),
            )
            for view, place in zip(self.views, self._places, strict=True)
        }
        return tuple(replace(sentence, looks=looks.get(sentence.id)) for sentence in sentences)

    def _view(self, index: int, place: int) -> SentenceView:
        run, report = self.stream.run, self._report
        tokens, keys = run.tokens[place], run.keys[place] if run.keys else None
        drawn, causal = self._matrices.drawn[index], report.model.causal
        sides = (tokens, keys or tokens)
        shown = self._heads[index]
        heads = views.head_views(sides, drawn, shown, run.words, place, causal=causal)
        return views.sentence_view(tokens, drawn, self._flow.flows[index], heads, report, keys)
