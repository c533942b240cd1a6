"""`compare.json`, `"schema": "attnviz.compare/1"`, and its JSON Schema.

`schema_text` is what ships as `attnviz/comparison/schema.json`:

    python -c "from attnviz.comparison.formats.json_comparison import *; \
        print(schema_text(), end='')" > attnviz/comparison/schema.json
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from attnviz.comparison.records import (
    Comparison,
    ComparisonFinding,
    HeadDifference,
    HeadMatch,
    RoleChange,
    Side,
)
from attnviz.comparison.several import Comparisons, Course
from attnviz.evidence import bootstrap
from attnviz.figures.picture import Picture
from attnviz.report import codec
from attnviz.report.records import FigureJson
from attnviz.shape import Amount, Attention, Count, Place
from attnviz.version import __version__

FILENAME = "compare.json"

Schema = Literal["attnviz.compare/1"]
SCHEMA: Schema = "attnviz.compare/1"


@dataclass(frozen=True)
class CompareEvidenceJson:
    """What every interval and bound rests on."""

    confidence: float
    """Confidence of intervals and bounds."""
    resamples: Count
    """Resamples of the bootstrap."""
    seed: Count
    """The seed of the bootstrap."""


@dataclass(frozen=True)
class ComparisonJson:
    """Two of the models held against each other."""

    before: Count
    """The number of the model before, from 0, in models."""
    after: Count
    """The number of the model after, from 0, in models."""
    paired: bool
    """Whether both are of the same sentences, and were compared sentence by sentence."""
    units: tuple[Count, Count]
    """How many units of evidence, sentences or documents or groups of them, each side has."""
    shared: Count
    """How many of these both have."""
    grouped: bool
    """Whether units are groups of sentences, for there are more than 1,024."""
    streams: tuple[Attention, ...]
    """The streams that were compared."""
    matches: tuple[HeadMatch, ...]
    """Every head that was compared, with its counterpart."""
    unmatched: tuple[tuple[Attention, Place], ...]
    """Heads before that have no counterpart."""
    unmatched_after: tuple[tuple[Attention, Place], ...]
    """Heads after that are nobody's counterpart."""
    bounds: Mapping[Attention, Amount]
    """How unlike heads may be and still be counterparts, by stream, where heads are matched by
    likeness: 19 in 20 heads that are matched inside a model, each with another, are more unlike."""
    differences: tuple[HeadDifference, ...]
    """Every difference of the first model and the last, heads in order, roles before statistics;
    of other comparisons those that are certain."""
    changes: tuple[RoleChange, ...]
    """Roles that some head has, before or after."""
    findings: tuple[ComparisonFinding, ...]
    """What changed between these two, in plain words, the largest first."""


@dataclass(frozen=True)
class CompareJson:
    """What differs between two models or more on one text.

    Floating-point numbers are rounded to 6 significant digits; null stands for what could not be
    measured. Layers, heads and models are counted from 0.
    """

    schema: Schema
    """The version of this format. It changes only when a program that reads it would break."""
    version: str
    """The version of attnviz that compared."""
    models: tuple[Side, ...]
    """What is compared, in the order given."""
    evidence: CompareEvidenceJson
    findings: tuple[ComparisonFinding, ...]
    """What changed, in plain words: of more than two models over all of them first."""
    courses: tuple[Course, ...]
    """Numbers over all models: roles' best scores, means over heads, how alike heads are."""
    comparisons: tuple[ComparisonJson, ...]
    """The first model against the last; of more than two, then each against the one before it."""
    figures: tuple[FigureJson, ...]
    """The figures in the folder."""
    warnings: tuple[str, ...]
    """What may make the numbers mean less than they seem to."""


def write(comparisons: Comparisons, pictures: Sequence[Picture] = ()) -> bytes:
    """The comparison as JSON: sorted keys, six significant digits."""
    options = comparisons.reports[0].options
    last = len(comparisons.sides) - 1
    return codec.write(
        CompareJson(
            schema=SCHEMA,
            version=__version__,
            models=comparisons.sides,
            evidence=CompareEvidenceJson(bootstrap.CONFIDENCE, options.resamples, options.seed),
            findings=comparisons.findings,
            courses=comparisons.courses,
            comparisons=(
                _comparison(comparisons.whole, 0, last, comparisons.whole.differences),
                *(
                    _comparison(step, at, at + 1, step.certain)
                    for at, step in enumerate(comparisons.steps)
                ),
            ),
            figures=tuple(FigureJson(each.path, each.title, each.caption) for each in pictures),
            warnings=comparisons.warnings,
        )
    )


def _comparison(
    comparison: Comparison, before: int, after: int, differences: tuple[HeadDifference, ...]
) -> ComparisonJson:
    return ComparisonJson(
        before=before,
        after=after,
        paired=comparison.paired,
        units=comparison.units,
        shared=comparison.shared,
        grouped=comparison.grouped,
        streams=comparison.streams,
        matches=comparison.matches,
        unmatched=comparison.unmatched,
        unmatched_after=comparison.unmatched_after,
        bounds=comparison.bounds,
        differences=differences,
        changes=comparison.changes,
        findings=comparison.findings,
    )


def schema_text() -> str:
    """The JSON Schema as it is shipped."""
    return codec.schema_text(CompareJson, "compare", "attnviz compare")
