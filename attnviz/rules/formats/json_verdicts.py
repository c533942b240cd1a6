"""Verdicts as JSON, `"schema": "attnviz.check/1"`, and its JSON Schema.

`schema_text` is what ships as `attnviz/rules/schema.json`:

    python -c "from attnviz.rules.formats.json_verdicts import *; print(schema_text(), end='')"
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from attnviz.measurement.source import ModelInfo
from attnviz.report import codec
from attnviz.rules.verdict import STATUSES, Verdict, Verdicts
from attnviz.shape import Count

Schema = Literal["attnviz.check/1"]
SCHEMA: Schema = "attnviz.check/1"


@dataclass(frozen=True)
class CountsJson:
    """How many verdicts there are of each status."""

    failed: Count
    error: Count
    warned: Count
    skipped: Count
    passed: Count


@dataclass(frozen=True)
class PictureJson:
    """A picture of what fails."""

    path: str
    """Relative to the folder of `--report`, without suffix: the files are path.png and path.svg."""


@dataclass(frozen=True)
class CheckJson:
    """What became of the rules of a file, held against a model."""

    schema: Schema
    """The version of this format. It changes only when a program that reads it would break."""
    version: str
    """The version of attnviz that checked."""
    model: ModelInfo
    """The model that was checked."""
    rules: str
    """The name of the file of rules; empty without one."""
    against: str
    """What the model was compared with; empty for nothing."""
    tags: Mapping[str, str]
    """What the run was marked with."""
    counts: CountsJson
    """How many verdicts of each status."""
    figures: tuple[PictureJson, ...]
    """The pictures of what fails; none without `--report`."""
    exit_code: Annotated[int, Meta(ge=0, le=2)]
    """That of the command: 0 where nothing critical fails, 1 where it does, 2 where a rule is wrong
    or about nothing."""
    verdicts: tuple[Verdict, ...]
    """One for each rule and text, in the order of the file."""
    warnings: tuple[str, ...]
    """What may make the numbers mean less than they seem to."""


def write(verdicts: Verdicts) -> bytes:
    """The verdicts as JSON: sorted keys, six significant digits."""
    values = CheckJson(
        schema=SCHEMA,
        version=verdicts.version,
        model=verdicts.model,
        rules=verdicts.rules,
        against=verdicts.against,
        tags=dict(verdicts.tags),
        counts=CountsJson(**{status: len(verdicts.of(status)) for status in STATUSES}),
        figures=tuple(PictureJson(each.figure) for each in verdicts if each.figure),
        exit_code=int(verdicts.exit_code),
        verdicts=verdicts.verdicts,
        warnings=verdicts.warnings,
    )
    text = json.dumps(codec.plain(values), indent=2, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()


def schema_text() -> str:
    """The JSON Schema as it is shipped."""
    return codec.schema_text(CheckJson, "check", "attnviz check")
