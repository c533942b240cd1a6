"""The order of work, and nothing else: survey, measure, judge, illustrate; one sentence; rules."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from attnviz import budget
from attnviz.comparison.several import Compared, Comparisons
from attnviz.dates import creation_date
from attnviz.drawing.files import style
from attnviz.drawing.settings import DrawSettings
from attnviz.drawing.weights import Weights
from attnviz.errors import InputError
from attnviz.evidence.rules import rules as evidence_rules
from attnviz.figures.scale import colormap
from attnviz.figures.style import FigureStyle
from attnviz.measurement.measurement import Measurement
from attnviz.measurement.source import ModelInfo
from attnviz.models import names
from attnviz.models.load import LoadedModel
from attnviz.report.model import Report
from attnviz.rules.read import RuleFile
from attnviz.rules.verdict import Verdict, Verdicts
from attnviz.settings import Settings
from attnviz.stages import Progress, Told
from attnviz.steps import loading, weigh
from attnviz.steps.again import Again
from attnviz.steps.against import Earlier
from attnviz.steps.check import Checker, Sources, check_report
from attnviz.steps.compare import Matching
from attnviz.steps.illustrate import illustrate
from attnviz.steps.judge import judge
from attnviz.steps.measure import Measurer, measure, source
from attnviz.steps.side_by_side import side_by_side
from attnviz.survey.survey import Survey, survey
from attnviz.survey.texts import Texts, checked
from attnviz.text.annotate import Parser
from attnviz.text.types import SourceFile
from attnviz.version import __version__


def analyse(
    model: str,
    files: Sequence[SourceFile],
    settings: Settings,
    progress: Progress,
    target: SourceFile | None = None,
    labels: SourceFile | None = None,
) -> tuple[Report, Measurement]:
    """Runs the model over the texts: what its heads do there, and the sums that say so.

    `target` is what the decoder of an encoder-decoder model reads, a line a sentence; `labels` are
    the right labels of the sentences, for a model that labels texts.
    """
    settings = checked(settings, target, labels)
    texts = _texts(files, settings, progress, target, labels)
    loaded, surveyed = _surveyed(model, texts, settings, progress, predicts=True)
    return _analysed(loaded, surveyed, settings, progress)


def loaded_for(model: str, settings: Settings, progress: Progress) -> LoadedModel:
    """The model, for several texts one after the other: see `analyse_with`."""
    settings = checked(settings, None)
    return _loaded(model, settings, progress, predicts=True)


def analyse_with(
    loaded: LoadedModel, files: Sequence[SourceFile], settings: Settings, progress: Progress
) -> tuple[Report, Measurement]:
    """As `analyse`, with a model that is there already."""
    surveyed = _with_model(loaded, files, settings, progress, None)
    return _analysed(loaded, surveyed, settings, progress)


def _analysed(
    loaded: LoadedModel, surveyed: Survey, settings: Settings, progress: Progress
) -> tuple[Report, Measurement]:
    measurer = Measurer(loaded, surveyed, settings)
    measured = measure(measurer, surveyed, progress, illustrated=True)
    progress.stage("weighing evidence")
    report = judge(measured.measurement, settings)
    return illustrate(report, measured, surveyed, measurer), measured.measurement


def again(
    model: str,
    files: Sequence[SourceFile],
    measurement: Measurement,
    settings: Settings,
    progress: Progress,
    target: SourceFile | None = None,
    labels: SourceFile | None = None,
) -> Again:
    """Runs the model over texts that were measured before, so that the report shows them.

    Raises InputError where the model is not the one that was measured, or all of the texts.
    """
    settings = checked(settings, target, labels)
    texts = _texts(files, settings, progress, target, labels)
    loaded, surveyed = _surveyed(model, texts, settings, progress, predicts=True)
    if (now := surveyed.tally.sentences) != (many := measurement.input.sentences):
        raise InputError(f"The texts have {now:,} sentences, of which {many:,} were measured.")
    return Again(measurement, surveyed, loaded, settings, progress)


def measured(
    model: str,
    files: Sequence[SourceFile],
    settings: Settings,
    progress: Progress,
    target: SourceFile | None = None,
    pilot: Measurement | None = None,
) -> Measurement:
    """Runs the model over the texts and keeps their sums; `pilot` is one whose pilot is used."""
    settings = checked(settings, target)
    texts = _texts(files, settings, progress, target)
    loaded, surveyed = _surveyed(model, texts, settings, progress, pilot)
    measurer = Measurer(loaded, surveyed, settings)
    return measure(measurer, surveyed, progress, illustrated=False).measurement


def weights(
    model: str,
    file: SourceFile,
    settings: Settings,
    drawn: DrawSettings,
    progress: Progress,
    target: SourceFile | None = None,
) -> Weights:
    """Runs the model over one sentence of a text, and keeps the weights of the heads it names."""
    settings = checked(settings, target)
    progress.stage("reading text")
    texts = Texts([file], target, settings)
    budget.check_text(sentence for sentence, _ in texts)
    pair = weigh.sentence(texts, drawn.sentence)
    loaded = _loaded(model, settings, progress)
    progress.stage("running model")
    return weigh.weigh(loaded, pair, settings, drawn).weights


def judged(
    model: str, files: Sequence[SourceFile], settings: Settings, progress: Progress
) -> Report:
    """Runs the model over the texts and judges their sums: a report without pictures."""
    measurement = measured(model, files, settings, progress)
    progress.stage("weighing evidence")
    return judge(measurement, settings)


def checked_rules(
    model: str,
    rules: RuleFile | None,
    sources: Sources,
    settings: Settings,
    progress: Progress,
    tags: Mapping[str, str],
    earlier: Earlier | None = None,
    *,
    drawn: bool = False,
) -> tuple[Verdicts, Mapping[str, bytes]]:
    """Runs the model over what rules name, and holds them against it.

    `sources` are the files that they name. What is wrong with a rule is its verdict. Where rules
    on a sentence that fail are to be `drawn`, their pictures, by path. The model is held against
    an `earlier` measurement, too, over its text.
    """
    settings = checked(settings, None)
    looks = style(DrawSettings(), settings.cmap, settings.dpi) if drawn else None
    evidence_rules(settings.evidence)
    loaded = _loaded(model, settings, progress)

    def measured_on(
        files: Sequence[SourceFile], target: SourceFile | None, settings: Settings
    ) -> Measurement:
        settings = checked(settings, target)
        surveyed = _with_model(loaded, files, settings, progress, target)
        made = measure(Measurer(loaded, surveyed, settings), surveyed, progress, illustrated=False)
        progress.stage("weighing evidence")
        return made.measurement

    def on_text(
        files: Sequence[SourceFile], target: SourceFile | None, settings: Settings
    ) -> Report:
        return judge(measured_on(files, target, settings), settings)

    checker = Checker(loaded, model, settings, sources, on_text, progress, looks)
    verdicts = checker.check(rules.rules if rules else ())
    warnings = checker.warnings
    if earlier is not None:
        as_then = earlier.settings(settings)
        now = measured_on(earlier.files, earlier.target, as_then)
        ways = earlier.draw(model, settings), _style(settings, drawn=drawn)
        changes, notes, pictures = earlier.verdicts(now, as_then, *ways)
        checker.pictures |= pictures
        verdicts, warnings = [*verdicts, *changes], [*warnings, *notes]
    made = _verdicts(verdicts, source(loaded, settings).model, rules, earlier, tags, warnings)
    return made, checker.pictures


def _style(settings: Settings, *, drawn: bool) -> FigureStyle | None:
    """How pictures of what changed look, if there are to be any."""
    return FigureStyle(cmap=settings.cmap, dpi=settings.dpi) if drawn else None


def checked_measurement(
    measurement: Measurement,
    name: str,
    rules: RuleFile | None,
    sources: Sources,
    settings: Settings,
    tags: Mapping[str, str],
    earlier: Earlier | None = None,
    *,
    drawn: bool = False,
) -> tuple[Verdicts, Mapping[str, bytes]]:
    """Holds rules, and an `earlier` measurement, against one that is there: no model is run.

    `name` is where the measurement is from. Where it is to be `drawn` what changed, its pictures.
    """
    report = judge(measurement, settings)
    verdicts = check_report(rules.rules if rules else (), report, sources, name)
    warnings = [*report.warnings]
    pictures: Mapping[str, bytes] = {}
    if earlier is not None:
        style = _style(settings, drawn=drawn)
        changes, notes, pictures = earlier.verdicts(measurement, settings, style=style)
        verdicts, warnings = [*verdicts, *changes], [*warnings, *notes]
    return _verdicts(verdicts, report.model, rules, earlier, tags, warnings), pictures


def _verdicts(
    verdicts: Sequence[Verdict],
    model: ModelInfo,
    rules: RuleFile | None,
    earlier: Earlier | None,
    tags: Mapping[str, str],
    warnings: Sequence[str],
) -> Verdicts:
    return Verdicts(
        version=__version__,
        model=model,
        rules=Path(rules.name).name if rules else "",
        verdicts=tuple(verdicts),
        tags=tags,
        warnings=tuple(dict.fromkeys(warnings)),
        against=Path(earlier.name).name if earlier else "",
    )


def compared(
    every: Sequence[Compared],
    files: Sequence[SourceFile],
    settings: Settings,
    progress: Progress,
    target: SourceFile | None = None,
    *,
    matching: Matching = "auto",
) -> Comparisons:
    """Models and measurements side by side: models are run over the texts, one after the other."""
    measurements = []
    for number, each in enumerate(every, 1):
        if each.measurement is not None:
            measurements.append(each.measurement)
            continue
        told = Told(progress, f"{number} of {len(every)}")
        measurements.append(measured(each.model, files, each.settings or settings, told, target))
    labels = [each.label for each in every]
    return side_by_side(measurements, labels, settings, progress, matching=matching)


def _texts(
    files: Sequence[SourceFile],
    settings: Settings,
    progress: Progress,
    target: SourceFile | None,
    labels: SourceFile | None = None,
) -> Texts:
    """The text, which fits into memory."""
    progress.stage("reading text")
    # What is wrong with them is said before any work.
    evidence_rules(settings.evidence)
    colormap(settings.cmap)
    creation_date(os.environ)
    texts = Texts(files, target, settings, labels)
    budget.check_text(sentence for sentence, _ in texts)
    return texts


def _surveyed(
    model: str,
    texts: Texts,
    settings: Settings,
    progress: Progress,
    pilot: Measurement | None = None,
    *,
    predicts: bool = False,
) -> tuple[LoadedModel, Survey]:
    """The model, which `predicts` if its head is loaded, and the text as it reads it."""
    parser = _parser(texts, settings, progress)
    loaded = _loaded(model, settings, progress, predicts=predicts)
    if texts.labels is not None:
        texts.labels.check(loaded.name, loaded.task.text_labels if loaded.task else ())
    fitted = None if pilot is None else pilot.pilot_for(source(loaded, settings))
    return loaded, survey(loaded, texts, settings, progress, fitted, parser)


def _with_model(
    loaded: LoadedModel,
    files: Sequence[SourceFile],
    settings: Settings,
    progress: Progress,
    target: SourceFile | None,
) -> Survey:
    """The text as a model reads it that is there already."""
    texts = _texts(files, settings, progress, target)
    return survey(loaded, texts, settings, progress, None, _parser(texts, settings, progress))


def _parser(texts: Texts, settings: Settings, progress: Progress) -> Parser | None:
    """What parses the sentences, if anything has to."""
    if not settings.annotate or all(sentence.annotation is not None for sentence, _ in texts):
        return None
    progress.stage("loading parser")
    return Parser(settings.annotate)


def _loaded(
    model: str, settings: Settings, progress: Progress, *, predicts: bool = False
) -> LoadedModel:
    name = names.resolve(model, allow_pickle=settings.allow_pickle)
    return loading.loaded(name, settings, progress, predicts=predicts)
