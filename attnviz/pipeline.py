"""The order of work, and nothing else: text, model, layers, evidence, report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

import numpy as np

from attnviz import intake
from attnviz.attention.matrices import MatrixKeeper
from attnviz.evidence import bootstrap, illustrate
from attnviz.evidence.gather import gather
from attnviz.evidence.judge import judge
from attnviz.evidence.profile import ProfileKeeper
from attnviz.evidence.scores import ScoreKeeper, ScoreTable
from attnviz.evidence.similarity import RowKeeper, sample
from attnviz.figures.views import POOLED, SentenceView
from attnviz.flow.rollout import FlowKeeper
from attnviz.models import load, names, run
from attnviz.models.load import LoadedModel
from attnviz.registry import discover
from attnviz.report import build, views
from attnviz.report.findings import findings
from attnviz.report.model import InputInfo, ModelInfo, Options, Report
from attnviz.roles.role import Role
from attnviz.settings import Settings
from attnviz.statistics.statistic import Statistic
from attnviz.text.split import sentences as split_sentences
from attnviz.text.tokenize import tokenize_all
from attnviz.text.types import SourceFile, Tokens
from attnviz.version import __version__


class Progress(Protocol):
    """What is told while a run goes on."""

    def stage(self, name: str, total: int | None = None) -> None:
        """A stage begins, with `total` steps where they can be counted."""

    def advance(self, steps: int = 1) -> None:
        """So many steps of the stage are done."""


def analyse(
    model: str, files: Sequence[SourceFile], settings: Settings, progress: Progress
) -> Report:
    """Runs the model over the texts and finds out what its heads do."""
    progress.stage("reading text")
    files = intake.named(files)
    found = split_sentences(files, settings.split, settings.language)
    progress.stage("loading model")
    loaded = load.load(
        names.resolve(model, allow_pickle=settings.allow_pickle),
        revision=settings.revision,
        device=load.device(settings.device),
        dtype=settings.dtype,
        allow_pickle=settings.allow_pickle,
        trust_remote_code=settings.trust_remote_code,
    )
    tokens = tokenize_all(found, loaded.tokenizer, loaded.limit)
    kept, warnings = intake.usable(tokens, loaded, settings)
    intake.check_illustrated(settings.sentences, kept)
    given = intake.info(files, kept, settings)
    return _measure(loaded, given, kept, warnings, settings, progress)


def _measure(
    loaded: LoadedModel,
    given: InputInfo,
    tokens: Sequence[Tokens],
    warnings: Sequence[str],
    settings: Settings,
    progress: Progress,
) -> Report:
    roles = discover("attnviz.roles", "ROLE", Role)
    statistics = discover("attnviz.statistics", "STATISTIC", Statistic)
    scores = ScoreKeeper(roles, statistics, len(tokens))
    profile = ProfileKeeper(max(map(len, tokens)))
    rows = RowKeeper(sample(tokens, loaded.heads))
    flow = FlowKeeper(residual=settings.rollout_residual)
    progress.stage("measuring sentences", len(tokens))
    run.observe(loaded, tokens, [scores, profile, rows, flow], progress.advance)

    progress.stage("weighing evidence")
    table = scores.table()
    digests = [one.sentence.digest for one in tokens]
    weights = bootstrap.weights(digests, settings.resamples, settings.seed)
    half = np.array([one.sentence.half for one in tokens])
    habits = profile.profile()
    judgements = judge(gather(table, tokens, habits), half, weights)
    heads = build.heads(table, judgements, weights)
    infos = build.roles(roles, judgements, heads)
    alike = build.similarity(rows.likeness(digests, settings.resamples, settings.seed), heads)

    report = Report(
        version=__version__,
        model=_model_info(loaded, table, causal=habits.causal),
        input=given,
        options=_options(settings),
        roles=infos,
        statistics=build.statistics(statistics, heads),
        heads=heads,
        sentences=tuple(build.sentence(one, flow.flows[at]) for at, one in enumerate(tokens)),
        similarity=alike,
        findings=findings(heads, infos, alike, len(tokens)),
        warnings=tuple(warnings),
    )
    return replace(report, illustrations=_illustrate(loaded, report, tokens, table, settings))


def _illustrate(
    loaded: LoadedModel,
    report: Report,
    tokens: Sequence[Tokens],
    table: ScoreTable,
    settings: Settings,
) -> tuple[SentenceView, ...]:
    """Runs the sentences to be drawn once more, now that the heads worth drawing are known."""
    best = views.best_heads(report)
    chosen = _choose(settings, tokens, table, [mark.role for _, _, mark in best])
    drawn = [tokens[place] for place in chosen]
    matrices = MatrixKeeper({(layer, head) for layer, head, _ in best}, POOLED)
    flow = FlowKeeper(residual=settings.rollout_residual, matrices=True)
    run.observe(loaded, drawn, [matrices, flow])
    return tuple(
        views.sentence_view(
            tokens[place],
            matrices.drawn[index],
            flow.flows[index],
            views.head_views(tokens[place], matrices.drawn[index], best, table, place, report),
            causal=report.model.causal,
        )
        for index, place in enumerate(chosen)
    )


def _choose(
    settings: Settings, tokens: Sequence[Tokens], table: ScoreTable, roles: Sequence[str]
) -> tuple[int, ...]:
    """Places of the sentences that get figures."""
    if settings.sentences:
        wanted = set(settings.sentences)
        return tuple(at for at, one in enumerate(tokens) if one.sentence.id in wanted)
    columns = [table.place(role) for role in roles]
    events = table.layers[0].events[:, 0, columns]
    lengths = [len(one) for one in tokens]
    return illustrate.choose(lengths, events, settings.illustrate)


def _model_info(loaded: LoadedModel, table: ScoreTable, *, causal: bool) -> ModelInfo:
    return ModelInfo(
        name=loaded.name,
        revision=loaded.revision,
        architecture=loaded.architecture,
        layers=len(table.numbers),
        heads=max(sums.mass.shape[1] for sums in table.layers),
        key_value_heads=loaded.key_value_heads,
        parameters=loaded.parameters,
        dtype=loaded.dtype,
        causal=causal,
    )


def _options(settings: Settings) -> Options:
    return Options(
        language=settings.language,
        long=settings.long,
        illustrate=settings.illustrate,
        sentences=settings.sentences,
        rollout_residual=settings.rollout_residual,
        scale=settings.scale,
        cmap=settings.cmap,
        dpi=settings.dpi,
        seed=settings.seed,
        resamples=settings.resamples,
        created=_created(),
    )


def _created() -> str:
    """The date from SOURCE_DATE_EPOCH, or none: a report made twice is the same twice."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not epoch.isdigit():
        return ""
    return datetime.fromtimestamp(int(epoch), tz=UTC).strftime("%Y-%m-%d")
