"""Checking: rules are held against the weights of sentences, and against what was judged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from attnviz.drawing.settings import DrawSettings
from attnviz.drawing.view import DrawingStyle
from attnviz.errors import AttnvizError, NothingToAnalyseError, UsageError
from attnviz.models.load import LoadedModel
from attnviz.report.model import Report
from attnviz.rules import evidence, mass, show, template
from attnviz.rules.decide import Candidate, Decision, decide
from attnviz.rules.rule import Chosen, Mass, Rule, Text
from attnviz.rules.verdict import Status, Verdict
from attnviz.settings import Settings
from attnviz.stages import Progress
from attnviz.steps import pictures
from attnviz.steps.weigh import Weighed, weigh
from attnviz.survey.texts import Pair, Texts, checked
from attnviz.text import literal
from attnviz.text.merge import last_looks
from attnviz.text.types import SourceFile

Sources = Mapping[str, SourceFile]
"""The files that rules name."""

Judged = Callable[[Sequence[SourceFile], SourceFile | None, Settings], Report]
"""Measures and judges a text, with what a decoder reads."""

MOST_SENTENCES = 1000
"""So many sentences of a file are checked one by one at most."""

_WORD = re.compile(r"\w+")
_UNNAMED = re.compile(r"[^a-z0-9]+")
_LONGEST = 40


@dataclass(frozen=True)
class _Case:
    """A rule on one sentence; `shown` is the text as commands name it."""

    rule: Rule
    pair: Pair
    settings: Settings
    shown: str
    more: tuple[str, ...] = ()
    label: str = ""
    values: Mapping[str, str] | None = None


@dataclass
class Checker:
    """Holds rules against one model; `model` is its name as the user wrote it.

    With `looks`, how they are to look, `pictures` are made of rules on a sentence that fail, by
    their paths.
    """

    loaded: LoadedModel
    model: str
    settings: Settings
    sources: Sources
    judged: Judged
    progress: Progress
    looks: DrawingStyle | None = None
    warnings: list[str] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)
    _reports: dict[object, Report | AttnvizError] = field(default_factory=dict)

    def check(self, rules: Sequence[Rule]) -> list[Verdict]:
        """What became of each rule, in their order.

        What is wrong with one rule is its verdict; what is wrong with the model is raised.
        """
        by_sentence: dict[tuple[str, str, str, Settings], list[tuple[int, int, _Case]]] = {}
        verdicts: dict[tuple[int, int], Verdict] = {}
        for number, rule in enumerate(rules):
            if not isinstance(rule.subject, Mass):
                verdicts[number, 0] = self._on_many(rule)
                continue
            try:
                cases = list(self._cases(rule, rule.subject))
            except (UsageError, NothingToAnalyseError) as error:
                verdicts[number, 0] = _wrong(rule, error)
                continue
            for place, case in enumerate(cases):
                sentence, target = case.pair
                key = (sentence.text, target.text if target else "", rule.stream, case.settings)
                by_sentence.setdefault(key, []).append((number, place, case))
        self.progress.stage("checking sentences", len(by_sentence))
        for several in by_sentence.values():
            for (number, place, _), verdict in zip(several, self._on_one(several), strict=True):
                verdicts[number, place] = verdict
            self.progress.advance()
        of_rules: list[list[Verdict]] = [[] for _ in rules]
        for (number, _), verdict in sorted(verdicts.items(), key=lambda item: item[0]):
            of_rules[number].append(verdict)
        return [
            verdict
            for rule, several in zip(rules, of_rules, strict=True)
            for verdict in (_about(several) if rule.text.file else several)
        ]

    def _cases(self, rule: Rule, subject: Mass) -> Iterator[_Case]:
        """The sentences that a rule is about; UsageError where there are none, or too many."""
        self._check_targets(rule.text)
        if rule.text.file:
            yield from self._of_file(rule, subject)
            return
        texts = template.filled(rule.text)
        for number, each in enumerate(texts, 1):
            target = None if each.target is None else literal.sentence(each.target)
            settings = checked(self._by_line, target)
            (pair,) = Texts([literal.sentence(each.text)], target, settings)
            more = () if each.target is None else ("--target", each.target)
            label = each.case or (f"text {number}" if len(texts) > 1 else "")
            yield _Case(rule, pair, settings, each.text, more, label, each.values)

    @property
    def _by_line(self) -> Settings:
        """The settings for texts of a rule's own, each a sentence, or a pair."""
        pairs = self.settings.split == "pair"
        return self.settings if pairs else replace(self.settings, split="line")

    def _check_targets(self, text: Text) -> None:
        """Raises UsageError for a text without what the decoder reads, and for the opposite."""
        if not self.loaded.encoder_decoder and (text.targets or text.target_file):
            raise UsageError("The model has no encoder and decoder.", "Leave out the target.")
        if self.loaded.encoder_decoder and not (
            text.targets or text.target_file or self.settings.generate
        ):
            raise UsageError(
                "The rule doesn't say what the decoder reads.",
                "Add target (for texts targets, for a file target_file), or use --generate N.",
            )

    def _of_file(self, rule: Rule, subject: Mass) -> Iterator[_Case]:
        text = rule.text
        target = self.sources[text.target_file] if text.target_file else None
        settings = checked(self.settings, target)
        names = list(_names(subject.source)) + list(_names(subject.to))
        pairs = Texts([self.sources[text.file]], target, settings)
        there = [pair for pair in pairs if _may_hold(pair, names)]
        if not there:
            raise UsageError(
                f"No sentence of {text.file} has what the rule names.", "Mend the rule or the file."
            )
        if len(there) > MOST_SENTENCES:
            raise UsageError(
                f"The rule is about {len(there):,} sentences of {text.file}.",
                f"Choose {MOST_SENTENCES:,} at most; of more, test roles and statistics.",
            )
        file, faced = self._paths(text)
        more = ("--target", faced) if faced else ()
        for pair in there:
            number = str(pair[0].id)
            yield _Case(
                rule, pair, settings, file, ("--sentence", number, *more), f"sentence {number}"
            )

    def _on_one(self, several: Sequence[tuple[int, int, _Case]]) -> list[Verdict]:
        """The verdicts of rules on one sentence, which the model reads once."""
        first = several[0][2]
        drawn = DrawSettings(stream=first.rule.stream)
        try:
            weighed = weigh(self.loaded, first.pair, first.settings, drawn)
        except (UsageError, NothingToAnalyseError) as error:
            return [_wrong(case.rule, error, case) for _, _, case in several]
        self._warn(weighed.weights.notes)
        return [self._verdict(case, weighed) for _, _, case in several]

    def _verdict(self, case: _Case, weighed: Weighed) -> Verdict:
        rule, subject = case.rule, case.rule.subject
        if not isinstance(subject, Mass):
            raise TypeError(subject)
        try:
            asked = mass.filled(subject, case.values)
            weights = weighed.weights
            pieces = subject.pieces or self.settings.pieces
            numbers = mass.Sentence(*weighed).measured(
                asked, rule.heads, last=last_looks(pieces, causal=weights.causal)
            )
        except UsageError as error:
            return _wrong(rule, error, case)
        decision = decide(rule, [Candidate(number) for number in numbers])
        rule = replace(rule, subject=asked)
        more = (*case.more, *show.changed(self.settings))
        shown = show.chosen(decision.closest[0].name, rule.heads, weights.places, asked)
        command = show.draw(self.model, case.shown, rule, asked, shown, more)
        verdict = _told(rule, decision, command, case)
        if self.looks is None or verdict.status not in ("failed", "warned"):
            return verdict
        return self._with_picture(verdict, pictures.drawn(weights, shown, asked.source, self.looks))

    def _with_picture(self, verdict: Verdict, drawn: Mapping[str, bytes]) -> Verdict:
        """The verdict with the path of its picture, which is kept."""
        slug = _UNNAMED.sub("-", verdict.name.lower()).strip("-")[:_LONGEST]
        path = f"figures/{len(self.pictures) // len(pictures.SUFFIXES) + 1:03}-{slug}"
        self.pictures |= {f"{path}{suffix}": content for suffix, content in drawn.items()}
        return replace(verdict, figure=path)

    def _on_many(self, rule: Rule) -> Verdict:
        """The verdict of a rule on all sentences of its text together."""
        try:
            self._check_targets(rule.text)
            report = _part(self._report(rule.text), rule)
            known = evidence.of(rule, report)
        except (UsageError, NothingToAnalyseError) as error:
            return _wrong(rule, error)
        if known.missing:
            decision = Decision(None, (), known.missing)
        else:
            decision = decide(rule, known.candidates)
        return _told(rule, decision, show.report(self.model, *self._paths(rule.text)))

    def _report(self, text: Text) -> Report:
        """The report on a text, which is measured once for all rules."""
        texts = [(each.text, each.target) for each in template.filled(text)]
        key = (text.file, text.target_file, *texts)
        if key not in self._reports:
            try:
                self._reports[key] = self.judged(*self._files(text))
            except (UsageError, NothingToAnalyseError) as error:
                self._reports[key] = error
        report = self._reports[key]
        if isinstance(report, AttnvizError):
            raise report
        if text.file:
            self._warn(report.warnings)
        return report

    def _files(self, text: Text) -> tuple[Sequence[SourceFile], SourceFile | None, Settings]:
        if text.file:
            target = self.sources[text.target_file] if text.target_file else None
            return [self.sources[text.file]], target, self.settings
        texts = template.filled(text)
        lines = "".join(literal.sentence(each.text).text for each in texts)
        targets = [literal.sentence(each.target).text for each in texts if each.target is not None]
        target = literal.as_file("".join(targets)) if targets else None
        return [literal.as_file(lines)], target, self._by_line

    def _paths(self, text: Text) -> tuple[str, str]:
        """The files of a text as seen from here, "" where it has none."""
        names = (text.file, text.target_file)
        file, target = (self.sources[name].name if name else "" for name in names)
        return file, target

    def _warn(self, warnings: Sequence[str]) -> None:
        self.warnings += [warning for warning in warnings if warning not in self.warnings]


def check_report(
    rules: Sequence[Rule], report: Report, sources: Sources, name: str
) -> list[Verdict]:
    """Holds rules on roles, statistics and groups against a report that is there already.

    Rules on a sentence, which take the model, are skipped; one on another text than the report's is
    wrong. `name` is where the report is from.
    """
    return [_on_report(rule, report, sources, name) for rule in rules]


def _on_report(rule: Rule, report: Report, sources: Sources, name: str) -> Verdict:
    if isinstance(rule.subject, Mass):
        doubt = "weights of a sentence take the model: leave out --from"
        return _told(rule, Decision(None, (), doubt), "")
    text, measured = rule.text, {file.sha256 for file in report.input.files}
    if text != Text() and (not text.file or {sources[text.file].sha256} != measured):
        files = ", ".join(file.name for file in report.input.files)
        error = UsageError(
            f"{name} is of {files}, not of the rule's text.",
            f"A rule without file, text and the like, without --text, is held against {name}; or "
            "leave out --from, which runs the model on the rule's text.",
        )
        return _wrong(rule, error)
    try:
        known = evidence.of(rule, _part(report, rule))
    except UsageError as error:
        return _wrong(rule, error)
    if known.missing:
        return _told(rule, Decision(None, (), known.missing), "")
    return _told(rule, decide(rule, known.candidates), "")


def _about(verdicts: Sequence[Verdict]) -> Sequence[Verdict]:
    """Those on the sentences of a file that a rule turned out to be about, or the first error."""
    return [verdict for verdict in verdicts if verdict.status != "error"] or verdicts[:1]


def _names(chosen: Chosen | None) -> Iterator[str]:
    """The words that are named, without numbers."""
    for each in chosen if isinstance(chosen, tuple) else (chosen,):
        if isinstance(each, str):
            yield each.partition("#")[0]


def _may_hold(pair: Pair, names: Sequence[str]) -> bool:
    """Whether a sentence may have these words: names that are no words may be of tokens."""
    text = " ".join(side.text for side in pair if side is not None).casefold()
    words = [word for name in names for word in name.split() if _WORD.fullmatch(word)]
    return all(word.casefold() in text for word in words)


def _part(report: Report, rule: Rule) -> Report:
    """The part of a report that a rule is about: cross-attention where nothing else is said."""
    if not report.parts:
        if rule.stream != "auto":
            raise UsageError("The model has no encoder and decoder.", "Leave out stream.")
        return report
    return report.part("cross" if rule.stream == "auto" else rule.stream)


def _told(rule: Rule, decision: Decision, command: str, case: _Case | None = None) -> Verdict:
    status: Status = "skipped"
    if decision.holds is not None:
        wrong: Status = "failed" if rule.critical else "warned"
        status = "passed" if decision.holds else wrong
    return Verdict(
        rule=rule.name,
        status=status,
        asked=rule.asked,
        case=case.label if case else "",
        text=case.pair[0].text if case else rule.text.file,
        measured=decision.closest[0] if decision.closest else None,
        closest=decision.closest,
        reason=decision.reason,
        command=command,
        critical=rule.critical,
        line=rule.line,
    )


def _wrong(rule: Rule, error: AttnvizError, case: _Case | None = None) -> Verdict:
    """The verdict on a rule that can't be held against its text."""
    return Verdict(
        rule=rule.name,
        status="error",
        asked=rule.asked,
        case=case.label if case else "",
        text=case.pair[0].text if case else rule.text.file,
        reason=error.message,
        hint=error.hint,
        critical=rule.critical,
        line=rule.line,
    )
