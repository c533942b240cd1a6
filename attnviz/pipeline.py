"""The order of work, and nothing else: text, model, layers, evidence, report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from attnviz import budget, induction, intake
from attnviz.attention.merge import Wording
from attnviz.attention.observer import Observer
from attnviz.evidence.rules import idle, rules
from attnviz.figures.scale import colormap
from attnviz.models import load, names, run
from attnviz.models.generate import generate
from attnviz.models.load import LoadedModel
from attnviz.models.related import with_related
from attnviz.parts import Part
from attnviz.registry import discover
from attnviz.report.findings import lead
from attnviz.report.given import InputInfo, ModelInfo, Options
from attnviz.report.model import Report
from attnviz.roles.role import Role
from attnviz.settings import Settings, creation_date
from attnviz.statistics.statistic import Statistic
from attnviz.text import documents
from attnviz.text.annotate import annotate
from attnviz.text.types import SourceFile, Tokens
from attnviz.version import __version__

Texts = tuple[Sequence[Tokens], Sequence[Tokens] | None, Wording | None]
"""What the model reads, what its decoder reads, and the words that the tokens make."""


class Progress(Protocol):
    """What is told while a run goes on."""

    def stage(self, name: str, total: int | None = None) -> None:
        """A stage begins, with `total` steps where they can be counted."""

    def advance(self, steps: int = 1) -> None:
        """So many steps of the stage are done."""


def analyse(
    model: str,
    files: Sequence[SourceFile],
    settings: Settings,
    progress: Progress,
    target: SourceFile | None = None,
) -> Report:
    """Runs the model over the texts and finds out what its heads do.

    `target` is what the decoder of an encoder-decoder model reads, a line a sentence.
    """
    progress.stage("reading text")
    # What is wrong with them is said before any work.
    rules(settings.evidence)
    colormap(settings.cmap)
    creation_date(os.environ)
    settings = intake.checked(settings, target)
    files = intake.named(files)
    found, answers = intake.read_sentences(files, target, settings)
    found, few = documents.documented(files, found)
    budget.check_text(found)
    if settings.annotate:
        progress.stage("parsing text")
        found = annotate(found, settings.annotate)
    progress.stage("loading model")
    loaded = load.load(
        names.resolve(model, allow_pickle=settings.allow_pickle),
        revision=settings.revision,
        device=load.device(settings.device),
        dtype=settings.dtype,
        allow_pickle=settings.allow_pickle,
        trust_remote_code=settings.trust_remote_code,
        generates=settings.generate > 0,
    )
    progress.stage("tokenizing text")
    tokens, targets, of_tokens = intake.tokenized(found, answers, loaded, settings)
    if not (settings.generate and loaded.encoder_decoder):
        run.check_targets(loaded, targets)
    kept, targets, warnings = intake.usable(tokens, targets, loaded, settings)
    intake.check_illustrated(settings.sentences, kept)
    if settings.generate:
        progress.stage("generating text", len(kept))
        written = generate(loaded, kept, settings.generate, progress.advance)
        warnings += intake.unwritten(kept, written, loaded, settings)
        kept, targets = (kept, written) if loaded.encoder_decoder else (written, None)
    kept = with_related(loaded, kept)
    targets = targets and with_related(loaded, documents.shared(kept, targets), decoder=True)
    wording = intake.wording(kept, targets, settings)
    given = intake.info(files, kept, settings, wording, targets)
    warnings += [*few, *of_tokens, *loaded.notes]
    return _measure(loaded, given, (kept, targets, wording), warnings, settings, progress)


def _measure(
    loaded: LoadedModel,
    given: InputInfo,
    texts: Texts,
    warnings: list[str],
    settings: Settings,
    progress: Progress,
) -> Report:
    tokens, targets, wording = texts
    allowed = budget.check(loaded, [*tokens, *(targets or ())], settings.max_memory)
    shown = wording.texts if wording else (tokens, targets)
    parts = _parts(loaded, *shown, settings, allowed.room)
    progress.stage("measuring sentences", len(tokens))
    observers = [observer for part in parts for observer in part.observers]
    run.observe(
        loaded,
        tokens,
        observers,
        progress.advance,
        targets,
        kernel=settings.kernel,
        most=allowed.tokens,
        wording=wording,
    )

    progress.stage("probing induction")
    probed, unprobed = induction.probe(loaded, settings, allowed.tokens)

    progress.stage("weighing evidence")
    warnings += idle(rules(settings.evidence), [role for part in parts for role in part.roles])
    if flowless := sum(part.flowless for part in parts):
        warnings.append(budget.no_rollout(flowless))
    whole = _whole(loaded, given, warnings, settings)
    whole = replace(whole, induction=probed, no_induction=unprobed)
    reports = [part.report(whole) for part in parts]
    reports = _exemplified(loaded, parts, reports, texts, settings, allowed.tokens)
    chosen = parts[-1].choose(reports[-1])
    drawings = [part.draw(report, chosen) for part, report in zip(parts, reports, strict=True)]
    watching = [observer for drawing in drawings for observer in drawing.observers]
    _run_again(loaded, texts, chosen, watching, settings, allowed.tokens)
    finished = tuple(drawing.finished() for drawing in drawings)
    if not loaded.encoder_decoder:
        return finished[0]
    layers = max(part.model.layers for part in finished)
    model = replace(whole.model, layers=layers, heads=max(part.model.heads for part in finished))
    return replace(whole, model=model, findings=lead(finished), parts=finished)


def _exemplified(
    loaded: LoadedModel,
    parts: Sequence[Part],
    reports: Sequence[Report],
    texts: Texts,
    settings: Settings,
    most: int,
) -> list[Report]:
    """The reports with examples for each head, from a run over the sentences that these need.

    Those with figures run apart from them: sentences that share a batch round differently.
    """
    wanted = [part.wanted(report) for part, report in zip(parts, reports, strict=True)]
    places = sorted({one.place for asked in wanted for one in asked})
    keepers = [part.exemplify(asked, places) for part, asked in zip(parts, wanted, strict=True)]
    _run_again(loaded, texts, places, keepers, settings, most)
    every = zip(parts, reports, keepers, strict=True)
    return [part.exemplified(report, keeper) for part, report, keeper in every]


def _run_again(
    loaded: LoadedModel,
    texts: Texts,
    places: Sequence[int],
    observers: Sequence[Observer],
    settings: Settings,
    most: int,
) -> None:
    """Runs the model over some of the sentences."""
    tokens, targets, wording = texts
    run.observe(
        loaded,
        [tokens[place] for place in places],
        observers,
        targets=targets and [targets[place] for place in places],
        kernel=settings.kernel,
        most=most,
        wording=wording and wording.picked(places),
    )


def _parts(
    loaded: LoadedModel,
    tokens: Sequence[Tokens],
    targets: Sequence[Tokens] | None,
    settings: Settings,
    room: float,
) -> list[Part]:
    """One attention, or the three of an encoder-decoder model as far as they can be seen."""
    sides: dict[str, tuple[Sequence[Tokens], Sequence[Tokens] | None]]
    sides = {"": (tokens, None), "encoder": (tokens, None)}
    if targets is not None:
        sides |= {"decoder": (targets, None), "cross": (targets, tokens)}
    roles = discover("attnviz.roles", "ROLE", Role)
    statistics = discover("attnviz.statistics", "STATISTIC", Statistic)
    return [
        Part(stream, *sides[stream], roles, statistics, settings, heads=loaded.heads, room=room)
        for stream in loaded.streams
    ]


def _whole(
    loaded: LoadedModel, given: InputInfo, warnings: Sequence[str], settings: Settings
) -> Report:
    """What all parts of a report share."""
    return Report(
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
        ),
        input=given,
        options=Options.of(settings, rules(settings.evidence), creation_date(os.environ)),
        roles=(),
        statistics=(),
        heads=(),
        sentences=(),
        similarity=None,
        findings=(),
        warnings=tuple(warnings),
    )
