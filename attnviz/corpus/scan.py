"""A scan: a corpus measured into a folder, from the start or from where it was interrupted."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from msgspec import to_builtins

from attnviz.corpus import drift, groups
from attnviz.corpus import manifest as manifests
from attnviz.corpus.engines.cluster import check_installed as check_ray
from attnviz.corpus.engines.distributed import distributed
from attnviz.corpus.engines.engine import Engine, Work
from attnviz.corpus.engines.local import Local
from attnviz.corpus.engines.processes import processes, several
from attnviz.corpus.finished import Finished, warnings_of
from attnviz.corpus.grouping import labels_of
from attnviz.corpus.manifest import Manifest, check_same, manifest, written
from attnviz.corpus.measurements import MEASUREMENT, measurement_in
from attnviz.corpus.notes import evidence_warnings
from attnviz.corpus.options import ScanOptions, check
from attnviz.corpus.overview import Overview, overview
from attnviz.corpus.paths import CorpusFiles, corpus_files
from attnviz.corpus.reading import Corpus
from attnviz.corpus.rows import check_installed
from attnviz.corpus.shards import choose_pilot, shards
from attnviz.corpus.spool import SPOOL, spooled
from attnviz.corpus.state import State
from attnviz.errors import InputError, UnfinishedError
from attnviz.folder import Growing, growing
from attnviz.measurement.measurement import Measurement
from attnviz.measurement.pilot import Pilot
from attnviz.measurement.source import FileInfo
from attnviz.models import names
from attnviz.models.load import LoadedModel
from attnviz.models.placing import Placing
from attnviz.report.numbers import counted
from attnviz.settings import Settings
from attnviz.stages import Progress
from attnviz.steps import loading
from attnviz.survey import survey
from attnviz.survey.shards import Reader
from attnviz.text.annotate import Parser
from attnviz.text.files import STDIN
from attnviz.text.types import Sentence

_PILOT, _STATE = "pilot.safetensors", "state.safetensors"
_OURS = re.compile(
    rf"{re.escape(manifests.NAME)}|{MEASUREMENT}|{_PILOT}|{_STATE}|{SPOOL}|rows/\w+\.parquet"
    rf"|{groups.FOLDER}/[^/]+\.safetensors"
)
_SHARE = 20
"""The state is written once measuring took so many times as long as writing it."""


def is_ours(name: str) -> bool:
    """Whether a file of that path below a folder is of a scan."""
    return _OURS.fullmatch(name) is not None


def goes_on(folder: Path) -> bool:
    """Whether a scan was begun in a folder, so that its command can be given again."""
    return (folder / manifests.NAME).is_file()


def scan(
    model: str,
    paths: Sequence[str | Path],
    folder: Path,
    settings: Settings,
    options: ScanOptions,
    progress: Progress,
    stdin: BinaryIO | None = None,
) -> Finished:
    """Measures a corpus into `folder`, or goes on where an earlier scan of it stopped.

    Raises UnfinishedError once `options.seconds` have passed, WriteError where the folder can't be
    written, UsageError where it holds a scan of something else, InputError or
    NothingToAnalyseError where the corpus can't be measured.
    """
    began = time.monotonic()
    check(settings)
    name = names.resolve(model, allow_pickle=settings.allow_pickle)
    named = corpus_files(paths, folder)
    if options.rows:
        check_installed()
    if options.engine == "ray":
        check_ray()
    pilot = None if options.pilot is None else measurement_in(options.pilot)
    before = None if options.against is None else measurement_in(options.against)
    with growing(folder, is_ours) as place:
        here = settings if options.engine == "local" else _reads_alone(settings)
        predicts = bool(options.fields.label)
        loaded = loading.loaded(name, here, progress, predicts=predicts)
        if loaded.encoder_decoder:
            raise InputError(
                f"{loaded.name} has an encoder and a decoder, and a scan reads one text.",
                "attnviz report measures such models.",
            )
        if predicts:
            fields = replace(options.fields, labels=labels_of(loaded))
            options = replace(options, fields=fields)
        progress.stage("reading corpus")
        with _without_lone_spool(place):
            corpus = _corpus(named, place, settings, options, stdin)
            read = overview(corpus, progress, sample=options.sample, keep_going=options.keep_going)
            given = {"model": model, "paths": [str(path) for path in paths]}
            work = _Scan(loaded, read, place, settings, options, named, pilot, given)
            with work.engine(model, progress) as engine:
                if before is not None and options.against is not None:
                    drift.check(before, engine.source, options.against)
                done = work.run(engine, progress, began)
    if before is None or options.against is None:
        return done
    progress.stage("comparing")
    return done.held_against(before, options.against, settings)


def _reads_alone(settings: Settings) -> Settings:
    """Where the model lies that reads texts for workers, which have models of their own.

    Raises UsageError where theirs can't lie as the settings say.
    """
    if settings.device_map != "none":
        Placing.of(settings.device, settings.device_map)
    return replace(settings, device="cpu", device_map="none")


@contextmanager
def _without_lone_spool(place: Growing) -> Iterator[None]:
    """Leaves no copy of standard input where no scan of it was begun: now, or before by a kill."""

    def drop() -> None:
        if not place.path(manifests.NAME).exists():
            place.drop(SPOOL)

    drop()
    try:
        yield
    finally:
        drop()


def _corpus(
    named: CorpusFiles,
    place: Growing,
    settings: Settings,
    options: ScanOptions,
    stdin: BinaryIO | None,
) -> Corpus:
    """The corpus, standard input copied to where it can be read again."""
    places = {STDIN: spooled(place, stdin)} if named.standard_input else {}
    kinds = {"auto": "", "text": "text", "conllu": "conllu", "jsonl": "jsonl"}
    return Corpus(
        named.files,
        settings.split,
        settings.language,
        options.fields,
        kinds[settings.input_format],  # type: ignore[arg-type]
        places,
    )


class _Scan:
    """The work of a scan in its folder."""

    def __init__(
        self,
        loaded: LoadedModel,
        read: Overview,
        place: Growing,
        settings: Settings,
        options: ScanOptions,
        named: CorpusFiles,
        pilot: Measurement | None,
        given: Manifest,
    ) -> None:
        self._loaded, self._read, self._place = loaded, read, place
        self._settings, self._options, self._named = settings, options, named
        self._given, self._named_so = pilot, given
        parser = Parser(settings.annotate) if settings.annotate else None
        self._reader = Reader(loaded, settings, parser)
        self._chosen, self._longest = choose_pilot(read, self._reader)
        data = place.read(manifests.NAME)
        self._before = None if data is None else manifests.read(data, place.folder)

    @contextmanager
    def engine(self, model: str, progress: Progress) -> Iterator[Engine]:
        """Who measures, as the options say."""
        options, fields = self._options, self._options.fields
        pieces = len(self._read.groups) or (2 if fields.label else 1)
        work = Work(
            settings=self._settings,
            longest=self._longest,
            together=min(self._read.sentences, survey.PILOT * pieces),
            most=self._before["batch_tokens"] if self._before else None,
            group=fields.group,
            label=fields.label,
        )
        writing = self._place.writing if options.rows else None
        if options.engine == "local":
            here = Local(self._loaded, self._reader, work, writing)
            many = self._processes()
            own = nullcontext(here) if many == 1 else several(model, work, here, many, writing)
            with own as engine:
                yield engine
        else:
            with distributed(model, work, options.workers, progress, writing) as engine:
                yield engine

    def _processes(self) -> int:
        """How many processes measure what this part has beyond the pilot."""
        if self._before and "result" in self._before:
            return 1  # nothing is left to do
        spread = self._settings.device_map != "none"
        sentences = sum(self._left(0))
        return processes(self._options.workers, self._loaded, sentences, spread=spread)

    def _checked(self, engine: Engine) -> Manifest:
        """The manifest of this scan, which is that of the earlier one if there is one."""
        if self._given is not None:
            self._given.pilot_for(engine.source)
        given = self._given.pilot if self._given else None
        now = manifest(
            self._read,
            engine.source,
            self._settings,
            self._options,
            pilot=f"{given.sentences} sentences, {given.digest:016x}" if given else "own",
            batch_tokens=engine.batch_tokens,
        )
        if self._before is None:
            now["given"] = self._named_so
            self._place.put(manifests.NAME, written(now))
            return now
        check_same(self._before, now, self._place.folder)
        return self._before

    def run(self, engine: Engine, progress: Progress, began: float) -> Finished:
        """Measures what is left. Raises UnfinishedError where time is up before all is done."""
        known = self._checked(engine)
        if "result" not in known:
            base, pilot = self._fitted(engine, progress)
            state = self._measured(engine, pilot, progress, began)
            known = self._finish(known, base + replace(state, done=0))
        for name in (_STATE, _PILOT, SPOOL):
            self._place.drop(name)
        return Finished.of(known, self._place.folder)

    def _fitted(self, engine: Engine, progress: Progress) -> tuple[State, Pilot]:
        """What was fitted on the pilot, with its sums if they count here."""
        counts = self._options.part.number == 1
        if self._given is not None:
            counts = False
            state = State(measurement=replace(self._given, warnings=()))
        elif (kept := self._kept(_PILOT)) is not None:
            state = kept
        else:
            progress.stage("measuring pilot", len(self._chosen))
            state = engine.pilot(self._chosen, progress.advance, rows=counts)
            self._place.put(_PILOT, state.to_bytes())
        pilot = state.measurement.pilot
        if pilot is None:
            raise InputError(f"{self._place.folder} is damaged.", "Remove it, and scan anew.")
        if counts:
            documents = self._read.documents.many
            info = replace(state.measurement.input, documents=documents)
            return replace(state, measurement=replace(state.measurement, input=info)), pilot
        return state.fitted(self._settings.split), pilot

    def _measured(self, engine: Engine, pilot: Pilot, progress: Progress, began: float) -> State:
        """The sums of the shards of this part, those that were measured before included."""
        state = self._kept(_STATE) or State()
        progress.stage("measuring sentences", sum(self._left(state.done)))
        wrote, took, unwritten = time.monotonic(), 0.0, False
        shards, many = islice(self._mine(), state.done, None), len(self._left(state.done))
        for measured in engine.shards(shards, many, pilot, progress.advance):
            state += measured
            now, unwritten = time.monotonic(), True
            over = self._options.seconds is not None and now - began >= self._options.seconds
            if over or now - wrote >= _SHARE * took:
                self._place.put(_STATE, state.to_bytes())
                wrote, unwritten = time.monotonic(), False
                took = wrote - now
            if over and (left := sum(self._left(state.done))):
                raise UnfinishedError(
                    f"The time is up: {counted(left, 'sentence')} are left to measure.",
                    "The same command goes on from here.",
                )
        if unwritten:
            self._place.put(_STATE, state.to_bytes())
        return state

    def _kept(self, name: str) -> State | None:
        """The sums that a file of the folder holds; None where there is none."""
        data = self._place.read(name)
        try:
            return None if data is None else State.from_bytes(data)
        except InputError as error:
            raise InputError(
                f"{self._place.path(name)} can't be gone on from: {error.message}",
                "Remove it: the same command then measures anew what it held.",
            ) from error

    @property
    def _pilot(self) -> set[int]:
        """The numbers of the sentences that are measured as the pilot, and in no shard."""
        return set() if self._given else {sentence.id for sentence in self._chosen}

    def _mine(self) -> Iterator[tuple[int, list[Sentence]]]:
        """The shards of this part, each with its place among those of the whole corpus."""
        pilot = self._pilot
        others = (sentence for sentence in self._read if sentence.id not in pilot)
        part = self._options.part
        return (numbered for numbered in enumerate(shards(others)) if part.has(numbered[0]))

    def _left(self, done: int) -> list[int]:
        """The sentences of each shard of this part that is left once so many are done."""
        others = self._read.sentences - len(self._pilot)
        part = self._options.part
        sizes = [
            min(survey.SHARD, others - start)
            for place, start in enumerate(range(0, others, survey.SHARD))
            if part.has(place)
        ]
        return sizes[done:]

    def _finish(self, known: Manifest, state: State) -> Manifest:
        """Writes the measurement, and into the manifest, which it returns, what was seen."""
        corpus, total = known["corpus"], state.whole
        measured = total.input
        result = {
            "sentences": measured.sentences,
            "tokens": measured.tokens,
            "words": measured.words,
            "truncated": measured.truncated,
            "documents": measured.documents,
            "notes": asdict(state.notes),
            "limit": self._loaded.limit,
            "warnings": [
                *filter(None, [self._read.documents.warning, self._named.skipped]),
                *self._loaded.notes,
            ],
        }
        whole = {**known, "result": result}
        files = tuple(
            FileInfo(file["name"], file["sha256"], state.sentences.get(file["name"], 0))
            for file in corpus["files"]
        )
        measurement = replace(
            total,
            input=replace(measured, files=files),
            warnings=tuple(warnings_of(whole)),
        )
        if self._options.fields.grouped:
            kept = groups.measurements(state, corpus)
            by = self._settings if self._options.part.many == 1 else None
            result["groups"] = to_builtins(groups.put(self._place, corpus, kept, by))
        result["strangest"] = to_builtins(state.strangest.sentences)
        if self._options.part.many == 1:  # of parts merging says it
            result["evidence"] = evidence_warnings(measurement)
        self._place.put(MEASUREMENT, measurement.to_bytes())
        self._place.put(manifests.NAME, written(whole))
        return whole
