"""The sentences of a run, as often as they are asked for, without a list of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from attnviz.errors import UsageError
from attnviz.settings import Settings
from attnviz.text.documents import document_names
from attnviz.text.facing import facing
from attnviz.text.right_labels import RightLabels, right_labels
from attnviz.text.split import iterate, sentences
from attnviz.text.types import Sentence, SourceFile

Pair = tuple[Sentence, Sentence | None]
"""A sentence, and what a decoder reads with it."""


def named(files: Sequence[SourceFile]) -> list[SourceFile]:
    """Files under the shortest ends of their paths that tell them apart.

    A report then doesn't depend on the folder that it was made in.
    """
    names = shortest_ends([file.name for file in files])
    return [replace(file, name=name) for file, name in zip(files, names, strict=True)]


def shortest_ends(files: Sequence[str]) -> list[str]:
    """The shortest ends of paths that tell them apart, all of one depth."""
    paths = [Path(file) for file in files]
    deepest = max((len(path.parts) for path in paths), default=1)
    names: list[str] = []
    for depth in range(1, deepest + 1):
        names = [Path(*path.parts[-depth:]).as_posix() for path in paths]
        if len(set(names)) == len(set(paths)):
            break
    return names


def checked(
    settings: Settings, target: SourceFile | None, labels: SourceFile | None = None
) -> Settings:
    """The settings of a run whose decoder reads `target`, or whose text has `labels`.

    A sentence is then a line. Raises UsageError for settings that contradict each other.
    """
    if settings.chat:
        _check_chat(settings)
    elif settings.input_format == "jsonl":
        raise UsageError(
            "JSON Lines are read as conversations only.",
            "Add --chat, or extract the sentences first, as with `jq -r .text`.",
        )
    if target is None and labels is None:
        return settings
    if target is not None and settings.generate:
        raise UsageError(
            "--target and --generate are two texts for one decoder.", "Leave out one of them."
        )
    if settings.split == "sentence":
        name, file = ("--labels", "file of labels") if target is None else ("--target", "target")
        raise UsageError(
            f"With {name} a sentence is a line, for which the {file} has a line too.",
            "Use --split line (a line a sentence), or --split document (a file each).",
        )
    return replace(settings, split="line") if settings.split == "auto" else settings


def _check_chat(settings: Settings) -> None:
    for name, stands in (
        ("--split pair", settings.split == "pair"),
        ("--annotate", bool(settings.annotate)),
        ("--input-format conllu", settings.input_format == "conllu"),
    ):
        if stands:
            raise UsageError(
                f"--chat and {name} don't go together.",
                "The chat template makes the text anew; leave out one of them.",
            )


class Texts:
    """The sentences of some files, each with what a decoder reads with it, and their `labels`.

    `files` are named so that a report doesn't depend on their folder, `paired` says whether there
    is a target, and `warnings` whether documents are too few to be resampled.

    Raises InputError where the lines of the target don't match those of the text, or a file holds
    no sentences, NothingToAnalyseError where no sentence has text.
    """

    def __init__(
        self,
        files: Sequence[SourceFile],
        target: SourceFile | None,
        settings: Settings,
        labels: SourceFile | None = None,
    ) -> None:
        self.files, self._settings = named(files), settings
        self._read = [_with_format(file, settings) for file in self.files]
        self._facing = None if target is None else self._faced(named([target])[0])
        self.paired = target is not None
        self.labels = None if labels is None else self._labelled(named([labels])[0])
        self._document, self.warnings = document_names(self.files, self._sentences)

    def __iter__(self) -> Iterator[Pair]:
        """Every sentence in the order of the text, with its document."""
        if self._facing is None:
            for sentence in self._sentences():
                yield replace(sentence, document=self._document(sentence)), None
            return
        for sentence, target in zip(*self._facing, strict=True):
            yield replace(sentence, document=self._document(sentence)), target

    def _sentences(self) -> Iterator[Sentence]:
        if self._facing is not None:
            return iter(self._facing[0])
        settings = self._settings
        return iterate(self._read, settings.split, settings.language, chat=settings.chat)

    def _labelled(self, labels: SourceFile) -> RightLabels:
        settings = self._settings
        every = sentences(
            self._read, settings.split, settings.language, chat=settings.chat, blank_lines=True
        )
        return right_labels(labels, every)

    def _faced(self, target: SourceFile) -> tuple[tuple[Sentence, ...], tuple[Sentence, ...]]:
        """Both sides, which stand side by side once both are read whole."""
        settings = self._settings
        if settings.input_format == "text":
            target = _with_format(target, settings)
        unit = "document" if settings.split == "document" else "line"
        sources = sentences(
            self._read, settings.split, settings.language, chat=settings.chat, blank_lines=True
        )
        lines = sentences(
            [target],
            "document" if unit == "document" else "line",
            settings.language,
            blank_lines=True,
        )
        return facing(sources, lines, unit)


def _with_format(file: SourceFile, settings: Settings) -> SourceFile:
    return replace(file, format=settings.input_format) if file.format == "auto" else file
