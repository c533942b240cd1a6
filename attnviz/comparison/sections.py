"""What a comparison says, cut into what formats print: no format computes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attnviz.comparison import parts
from attnviz.comparison.page import Page, Says
from attnviz.comparison.records import Comparison, ComparisonFinding
from attnviz.comparison.several import Comparisons
from attnviz.evidence import bootstrap
from attnviz.figures.picture import Picture
from attnviz.report import cells
from attnviz.report.cells import Table
from attnviz.report.numbers import count, counted, magnitude

FIRST = 8
"""Sentences that stand first."""

FILES = 5
"""Files that are named; the others are counted."""

SHORT = 12
"""Characters of a revision that tell it."""

HOW = (
    "A difference is after − before, of heads that are compared with each other; brackets hold its "
    "95% interval over {units}, in which both models are resampled alike. It is certain where "
    "bounds that hold for all heads, roles and statistics at once exclude 0: of comparisons in "
    "which nothing differs, 5 in 100 would call anything certain. What is not certain may still "
    "differ."
)
MATCHED = (
    "Heads are compared by number, or with the most similar head where models have other shapes or "
    "heads of a layer changed places: by what they do sentence by sentence, not by their weights."
)


def of(comparisons: Comparisons, pictures: Sequence[Picture] = ()) -> Page:
    """The page of a comparison, with its figures where they are drawn."""
    whole = comparisons.whole
    said = [_says(comparisons, finding) for finding in comparisons.findings]
    return Page(
        title=_title(comparisons),
        version=whole.after.version,
        byline=_byline(comparisons),
        findings=tuple(said[:FIRST]),
        more=tuple(said[FIRST:]),
        first=parts.first(comparisons, pictures),
        parts=tuple(parts.of(comparisons, pictures)),
        method=(HOW.format(units=_units(whole)), MATCHED),
        models=_models(comparisons),
        facts=tuple(_facts(comparisons)),
        warnings=comparisons.warnings,
    )


def _title(comparisons: Comparisons) -> str:
    first, last = comparisons.whole.before.label, comparisons.whole.after.label
    if len(comparisons.sides) > 2:
        return f"What changes over {len(comparisons.sides)} models, from {first} to {last}"
    return f"What changes from {first} to {last}"


def _byline(comparisons: Comparisons) -> str:
    text = comparisons.whole.after.input
    files = ", ".join(file.name for file in text.files[:FILES])
    left_out = len(text.files) - FILES
    more = f" and {counted(left_out, 'more file')}" if left_out > 0 else ""
    return (
        f"Measured on {counted(text.sentences, 'sentence')} from {files}{more}, the same for all "
        "models."
    )


def _says(comparisons: Comparisons, finding: ComparisonFinding) -> Says:
    mark = parts.mark_of(comparisons, finding.attention, finding.role)
    return Says(finding.kind, finding.text, mark)


def _units(whole: Comparison) -> str:
    many = whole.units[0]
    if whole.grouped:
        return f"{count(many)} groups of sentences"
    return counted(many, "document" if whole.after.input.documents else "sentence")


def _models(comparisons: Comparisons) -> Table:
    sides = comparisons.sides
    shapes = [f"{side.model.layers} × {side.model.heads}" for side in sides]
    revisions = [side.model.revision[:SHORT] for side in sides]
    return Table(
        [
            cells.texts("Model", "name", [side.label for side in sides]),
            cells.texts("Architecture", "text", [side.model.architecture for side in sides]),
            cells.texts("Layers × heads", "text", shapes),
            cells.texts("Parameters", "text", [magnitude(side.model.parameters) for side in sides]),
            cells.texts("Numbers", "text", [side.model.numbers for side in sides]),
            *([cells.texts("Revision", "hash", revisions)] if any(revisions) else []),
        ]
    )


def _facts(comparisons: Comparisons) -> Iterator[tuple[str, str]]:
    whole, options = comparisons.whole, comparisons.reports[0].options
    yield "attnviz", whole.after.version
    for file in whole.after.input.files:
        sentences = counted(file.sentences, "sentence")
        yield "file", f"{file.name}, {sentences}, sha256 {file.sha256}"
    yield "units", f"{_units(whole)}, {'paired' if whole.paired else 'not paired'}"
    resamples = f"{count(options.resamples)} resamples, seed {options.seed}"
    yield "bootstrap", f"{resamples}, confidence {bootstrap.CONFIDENCE:g}"
