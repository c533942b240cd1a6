"""What is compared: models, each with a number format or revision, or what was measured."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import cast, get_args

from attnviz.comparison.several import Compared
from attnviz.errors import UsageError
from attnviz.measurement.measurement import Measurement
from attnviz.models import names as model_names
from attnviz.settings import Dtype, Settings
from attnviz.steps.judge import check_settings

_MODEL_FILES = ("config.json", "adapter_config.json")
_MEASURED_FILES = ("measurement/sums.safetensors", "scan.json")


def compared(
    arguments: Sequence[str | Measurement],
    settings: Settings,
    given: Iterable[str] = (),
    spell: Callable[[str], str] = str,
) -> list[Compared]:
    """What the arguments name, in their order, each with a label that tells it from the others.

    A folder of models, checkpoints say, stands for all of them, by the numbers in their names.
    Raises UsageError for fewer than two, and for a setting that is `given` another value than
    something was measured with; InputError for a measurement that can't be read, and where what
    quantises a model is not installed.
    """
    every: list[str | Measurement] = []
    for argument in arguments:
        every += _expanded(argument) if isinstance(argument, str) else [argument]
    names = [each if isinstance(each, str) else _name(each) for each in every]
    if len(names) < 2:
        what = f"{names[0]} alone" if names else "Nothing"
        raise UsageError(
            f"{what} was given, and a comparison takes two.",
            "Name another model, or another folder of a report or a scan.",
        )
    sides = [
        _side(each, label, settings) if isinstance(each, str) else Compared(label, measurement=each)
        for each, label in zip(every, labels(names), strict=True)
    ]
    asked = [*given]
    for side in sides:
        if side.measurement is not None:
            check_settings(side.measurement, settings, asked, spell)
    return sides


def _name(measurement: Measurement) -> str:
    return measurement.source.model.name if measurement.source else "nothing"


def _expanded(argument: str) -> list[str]:
    """The models, or measurements, in a folder that is neither itself."""
    folder = Path(argument).expanduser()
    if not folder.is_dir() or _is(folder, (*_MODEL_FILES, *_MEASURED_FILES)):
        return [argument]
    inside = [path for path in folder.iterdir() if path.is_dir()]
    for files in (_MODEL_FILES, _MEASURED_FILES):
        if several := [path for path in inside if _is(path, files)]:
            return [str(path) for path in sorted(several, key=_by_number)]
    return [argument]


def _is(folder: Path, files: Iterable[str]) -> bool:
    return any((folder / name).is_file() for name in files)


def _by_number(path: Path) -> list[tuple[bool, int, str]]:
    """What sorts step-200 before step-1000."""
    parts = re.findall(r"\d+|\D+", path.name)
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def labels(names: Sequence[str]) -> list[str]:
    """What things are called: the ends of their paths, as long as it takes to tell them apart."""
    paths = [PurePath(name) for name in names]
    most = max(len(path.parts) for path in paths)
    shown = [path.name or str(path) for path in paths]
    for parts in range(2, most + 1):
        seen = Counter(shown)
        shown = [
            PurePath(*path.parts[-parts:]).as_posix() if seen[label] > 1 else label
            for label, path in zip(shown, paths, strict=True)
        ]
    again: Counter[str] = Counter()
    for at, label in enumerate(shown):
        again[label] += 1
        if again[label] > 1:
            shown[at] = f"{label} ({again[label]})"
    return shown


def _side(name: str, label: str, settings: Settings) -> Compared:
    folder = Path(name).expanduser()
    if folder.suffix == ".safetensors" or (folder.is_dir() and _is(folder, _MEASURED_FILES)):
        from attnviz.corpus.measurements import measurement_in  # loads torch

        return Compared(label, measurement=measurement_in(folder))
    model, chosen = with_settings(name, settings)
    resolved = model_names.resolve(model, allow_pickle=settings.allow_pickle)
    model_names.check_revision(resolved, chosen.revision)
    if chosen.dtype in ("8bit", "4bit"):
        from attnviz.models.quantized import check_installed  # loads torch

        # Now, not once the models before it are measured.
        check_installed("bitsandbytes")
    return Compared(label, model, chosen)


def with_settings(name: str, settings: Settings) -> tuple[str, Settings]:
    """A model's name without what stands behind its @: a number format, or a revision.

    Raises UsageError where nothing stands there, or before it, and for two of a kind.
    """
    argument, behind = name, dict[str, str]()
    while "@" in name and not Path(name).expanduser().exists():
        name, _, value = name.rpartition("@")
        if not name or not value:
            raise UsageError(
                f"{name}@{value} is no model.",
                "After @ comes a number format (minilm@float16) or a revision on the Hub.",
            )
        kind = "number format" if value in get_args(Dtype) else "revision"
        if kind in behind:
            raise UsageError(
                f"{argument} names two {kind}s, {value} and {behind[kind]}.",
                "Leave out one of them, or compare the two: each behind a name of its own.",
            )
        behind[kind] = value
        if kind == "number format":
            settings = replace(settings, dtype=cast(Dtype, value))
        else:
            settings = replace(settings, revision=value)
    return name, settings
