"""An earlier measurement that a model is held against, with the text to measure again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from attnviz.corpus.manifest import NAME as MANIFEST
from attnviz.corpus.measurements import measurement_in
from attnviz.errors import UsageError
from attnviz.measurement.measurement import Measurement
from attnviz.measurement.source import FileInfo
from attnviz.settings import Settings
from attnviz.steps.against import Earlier
from attnviz.steps.judge import check_settings
from attnviz.text.files import STDIN, read
from attnviz.text.types import SourceFile


def repeated(
    folder: Path,
    texts: Sequence[str],
    settings: Settings,
    given: Iterable[str],
    spell: Callable[[str], str],
    margin: float,
) -> Earlier:
    """What is in the folder of a report, and its text, which is looked for among `texts`, too.

    `given` are the settings that were set, which must be those it was measured with. Raises
    UsageError for these, and for a text that isn't there or has changed; InputError for files that
    can't be read.
    """
    earlier = kept(folder, settings, given, spell, margin)
    measurement = earlier.measurement
    files, paths = _texts_of(folder, measurement, texts)
    generated = (measurement.source.settings if measurement.source else {}).get("generate")
    if "" not in measurement.streams and not (settings.target or generated):
        raise UsageError(
            f"{folder} doesn't say what the decoder read.",
            f"Name it as then: {spell('target')} FILE.",
        )
    target = read([settings.target], None)[0] if settings.target else None
    return replace(earlier, files=files, target=target, path=paths[0])


def kept(
    folder: Path,
    settings: Settings,
    given: Iterable[str],
    spell: Callable[[str], str],
    margin: float,
) -> Earlier:
    """What is in the folder of a report or a scan, without its text."""
    if not 0 <= margin <= 1:
        raise UsageError(f"margin is {margin:g}.", "Use a number from 0 to 1.")
    measurement = measurement_in(folder)
    check_settings(measurement, settings, given, spell)
    return Earlier(str(folder), measurement, margin=margin)


def _texts_of(
    folder: Path, measurement: Measurement, given: Sequence[str] = ()
) -> tuple[list[SourceFile], list[str]]:
    """The files that a report's measurement is of, by the names it has for them, and their paths.

    Looked for among those that are `given`, then by their names here and beside the folder; only
    files with the same content count. Raises UsageError for one that isn't there, or that changed
    since, and for the measurement of a scan; InputError for files that can't be read.
    """
    if folder.is_dir() and (folder / MANIFEST).exists():
        raise UsageError(
            f"{folder} is a scan, and check runs no scans.",
            "Scan the corpus with the model, too, and name that scan with --from.",
        )
    if not measurement.input.files:
        raise UsageError(f"{folder} doesn't say what it is of.", "Measure again, from files.")
    files, paths = [], []
    named = dict(zip(given, read(given, None) if given else (), strict=True))
    measured = {info.sha256 for info in measurement.input.files}
    others = [path for path, file in named.items() if file.sha256 not in measured]
    for info in measurement.input.files:
        file, path = _same(info, folder, named, others)
        files.append(replace(file, name=info.name))
        paths.append(path)
    return files, paths


def _same(
    info: FileInfo, folder: Path, given: dict[str, SourceFile], others: Sequence[str]
) -> tuple[SourceFile, str]:
    """The file with the content that was measured, and its path; `others` given have another."""
    hint = f"Name it with --text, or measure again: attnviz report MODEL TEXT -o {folder}."
    changed = ""
    for path, file in given.items():
        if file.sha256 == info.sha256:
            return file, path
        changed = path if Path(path).name == Path(info.name).name else changed
    asked = bool(changed)
    beside = folder if folder.is_dir() else folder.parent
    for place in (Path(info.name), beside.parent / info.name, beside / info.name):
        if place.is_file():
            file = read([place], None)[0]
            if file.sha256 == info.sha256:
                return file, str(place)
            changed = changed or str(place)
    name = "standard input" if info.name == STDIN else info.name
    if others and not asked:
        raise UsageError(
            f"{others[0]} is another text: {folder} was measured on {name}.",
            f"Name that with --text, or measure anew: attnviz report MODEL TEXT -o {folder}.",
        )
    if changed:
        raise UsageError(f"{changed} is not as it was when {folder} was measured.", hint)
    raise UsageError(f"{folder} was measured on {name}, which is not here.", hint)
