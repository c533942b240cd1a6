"""The texts of a scan once more, and sentences of theirs that illustrate what it measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attnviz.corpus import manifest as manifests
from attnviz.corpus.manifest import Manifest
from attnviz.corpus.overview import Overview, overview
from attnviz.corpus.paths import corpus_files
from attnviz.corpus.reading import Corpus
from attnviz.corpus.records import Fields
from attnviz.corpus.shards import choose_pilot
from attnviz.errors import InputError, UsageError
from attnviz.measurement.measurement import Measurement
from attnviz.measurement.source import FileInfo
from attnviz.models.load import LoadedModel
from attnviz.models.names import ModelName
from attnviz.models.related import Related
from attnviz.settings import Settings
from attnviz.stages import Progress
from attnviz.steps import loading
from attnviz.steps.again import Again
from attnviz.survey import survey
from attnviz.survey.shards import Reader, Shard
from attnviz.text.annotate import Parser
from attnviz.text.files import STDIN
from attnviz.text.types import Tokens


def scanned(folder: Path) -> Manifest | None:
    """What the folder of a scan says of itself; None for any other. InputError if damaged."""
    path = folder / manifests.NAME
    return manifests.read(path.read_bytes(), folder) if path.is_file() else None


def check_files(measured: Sequence[FileInfo], read: Sequence[tuple[str, str]]) -> None:
    """Raises InputError unless what was read, names with sha256, is what was measured."""
    now = [sha256 for _, sha256 in read]
    for file in measured:
        if file.sha256 not in now:
            raise InputError(f"{file.name} is not here as it was measured.", "Name it as TEXT.")
    if other := [name for name, sha in read if sha not in {file.sha256 for file in measured}]:
        raise InputError(f"{other[0]} was not measured.", "Name the texts that were, as TEXT.")
    if now != [file.sha256 for file in measured]:
        raise InputError(
            "The texts have another order than when they were measured.",
            f"Name them so: {' '.join(file.name for file in measured)}.",
        )


@dataclass(frozen=True)
class CorpusSample:
    """Sentences of a corpus that illustrate what was measured of it: those of its pilot.

    Where the pilot was that of another corpus, they are chosen of this one as a pilot is.
    """

    pilot: Shard
    whole: bool
    longest: Tokens
    _read: Overview
    _reader: Reader
    _related: tuple[Related, Related | None]
    labels: None = None

    @property
    def together(self) -> int:
        """The most sentences that are measured together."""
        return len(self.pilot)

    def some(self, numbers: set[int]) -> Shard:
        """The sentences with these numbers. Raises UsageError for one that isn't there."""
        pairs = [(sentence, None) for sentence in self._read if sentence.id in numbers]
        shard = self._reader.read(pairs)
        if missing := numbers - {tokens.sentence.id for tokens in shard.tokens}:
            raise UsageError(
                f"There is no sentence {min(missing)} to illustrate.",
                f"The corpus has {self._read.read:,} sentences, counted from 1.",
            )
        return self._reader.with_words(shard, self._related)


def again(
    manifest: Manifest,
    paths: Sequence[str],
    model: ModelName,
    measurement: Measurement,
    settings: Settings,
    progress: Progress,
) -> Again:
    """The run over sentences of a corpus that was scanned; `paths` say where it is now.

    Raises InputError where corpus or model are not what they were, AttnvizError as reading and
    loading do.
    """
    read = _read(manifest["corpus"], paths, settings, progress)
    loaded = loading.loaded(model, settings, progress, predicts=True)
    progress.stage("tokenizing text")
    sample = _sample(read, loaded, measurement, settings)
    return Again(measurement, sample, loaded, settings, progress, manifest["batch_tokens"])


def _read(
    known: dict[str, Any], paths: Sequence[str], settings: Settings, progress: Progress
) -> Overview:
    """The corpus, read as the scan read it."""
    if known.get("merged") and known["sample"]:
        raise InputError("It was merged from samples of several corpora.")
    if STDIN in paths:
        raise InputError("The text came from standard input.", "Name a file of it as TEXT.")
    corpus = Corpus(
        corpus_files(paths).files,
        settings.split,
        settings.language,
        Fields(known["field"], known["id"], known.get("group", "")),
        "" if settings.input_format == "auto" else settings.input_format,
    )
    progress.stage("reading corpus")
    read = overview(corpus, progress, sample=known["sample"], keep_going=known["keep_going"])
    stamps = [(file.name, read.stamps.get(file.name)) for file in corpus.files]
    check_files(
        [FileInfo(file["name"], file["sha256"], 0) for file in known["files"]],
        [(name, stamp.sha256) for name, stamp in stamps if stamp is not None],
    )
    if read.sentences != known["sentences"]:
        raise InputError(
            f"The corpus has {read.sentences:,} sentences now, and {known['sentences']:,} were "
            "scanned."
        )
    return read


def _sample(
    read: Overview, loaded: LoadedModel, measurement: Measurement, settings: Settings
) -> CorpusSample:
    """The sentences that illustrate a corpus, as the model reads them."""
    parser = Parser(settings.annotate) if settings.annotate else None
    reader = Reader(loaded, settings, parser)
    chosen, longest = choose_pilot(read, reader)
    related = survey.related_words(loaded, Shard(()), measurement.pilot)
    shard = reader.read([(sentence, None) for sentence in chosen])
    whole = len(shard) == measurement.input.sentences
    return CorpusSample(reader.with_words(shard, related), whole, longest, read, reader, related)
