"""A report as flat tables, a value a cell: for data frames, CSV and Parquet.

The numbers are those of `report.json`. A table has the same columns in every report, whatever was
measured, but for those of statistics and layers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from attnviz.report import layers, whole
from attnviz.report.codec import plain

if TYPE_CHECKING:
    from attnviz.report.model import HeadReport, Report, SentenceReport
    from attnviz.report.predictions import Prediction

Kind = Literal["text", "integer", "number", "integer or none"]
"""What a column holds. A number or a text may be None, an integer only where its column says so."""

Cell = str | int | float | None
Row = tuple[Cell, ...]

SCORE: Mapping[str, Kind] = {
    "score": "number",
    "chance": "number",
    "lift": "number",
    "baseline": "number",
    "against": "text",
    "low": "number",
    "high": "number",
    "margin_low": "number",
    "events": "integer",
    "sentences": "integer",
    "verdict": "text",
    "variant": "text",
    "mass": "number",
}
"""The columns that `heads[].roles` of report.json has by the same names."""

_HEAD: Mapping[str, Kind] = {
    "name": "text",
    "attention": "text",
    "layer": "integer",
    "head": "integer",
}
_SENTENCE: Mapping[str, Kind] = {
    "id": "integer",
    "attention": "text",
    "text": "text",
    "source": "text",
    "line": "integer",
    "tokens": "integer",
    "words": "integer",
    "truncated": "integer",
    "generated_from": "integer or none",
    "drift": "number",
    "predicted": "text",
    "probability": "number",
    "label": "text",
    "right": "text",
}


@dataclass(frozen=True, slots=True)
class FlatTable:
    """Rows of cells, and for each column its name and what it holds."""

    name: str
    columns: Mapping[str, Kind]
    rows: tuple[Row, ...]


def heads(report: Report) -> FlatTable:
    """A row a head, layer by layer, stream by stream: see `attnviz.Report.heads_frame`."""
    statistics = [info.name for info in whole.statistics(report)]
    columns: dict[str, Kind] = {**_HEAD, "key_head": "integer or none"}
    for name in statistics:
        columns |= {name: "number", f"{name}_low": "number", f"{name}_high": "number"}
    return _table(
        "heads",
        columns,
        (
            (*_place(part, head), layers.key_head(part, head.layer, head.head), *values)
            for part in report.every_part
            for head in part.heads
            for values in [_estimates(head, statistics)]
        ),
    )


def roles(report: Report) -> FlatTable:
    """A row for each head and role: see `attnviz.Report.roles_frame`."""
    columns: dict[str, Kind] = {**_HEAD, "role": "text", **SCORE, "margin": "number"}
    return _table("roles", columns | {"beside": "text"}, _roles(report))


def _roles(report: Report) -> Iterable[Sequence[object]]:
    for part in report.every_part:
        margins = {role.name: role.margin for role in part.roles}
        for head in part.heads:
            for name, score in head.roles.items():
                values = (getattr(score, column) for column in SCORE)
                more = margins.get(name), head.beside.get(name, "")
                yield (*_place(part, head), name, *values, *more)


def sentences(report: Report) -> FlatTable:
    """A row a sentence, of each stream: see `attnviz.Report.sentences_frame`."""
    every = [(part, each) for part in report.every_part for each in part.sentences]
    depth = max((len(each.entropy_by_layer) for _, each in every), default=0)
    columns: dict[str, Kind] = {**_SENTENCE}
    columns |= {f"entropy_L{layer}": "number" for layer in range(depth)}
    return _table("sentences", columns, (_sentence(part, each, depth) for part, each in every))


def _sentence(part: Report, sentence: SentenceReport, depth: int) -> Sequence[object]:
    by_layer = sentence.entropy_by_layer
    return (
        sentence.id,
        part.attention,
        sentence.text,
        sentence.source,
        sentence.line,
        len(sentence.tokens),
        len(sentence.words),
        sentence.truncated,
        sentence.generated_from,
        sentence.drift,
        *_predicted(sentence.prediction),
        *by_layer,
        *[None] * (depth - len(by_layer)),
    )


def _predicted(prediction: Prediction | None) -> Sequence[object]:
    """The likeliest of what the model says of the whole sentence, and whether it is right."""
    if prediction is None:
        return (None,) * 4
    whole_sentence = [answer for answer in prediction.answers if answer.place is None]
    best = whole_sentence[0].choices[0] if whole_sentence else None
    right = None if prediction.right is None else "yes" if prediction.right else "no"
    return best and best.text, best and best.probability, prediction.label, right


def every(report: Report) -> tuple[FlatTable, ...]:
    """All tables of a report."""
    return tuple(make(report) for make in TABLES.values())


TABLES = {"heads": heads, "roles": roles, "sentences": sentences}
"""What makes each table, by name."""


def _place(part: Report, head: HeadReport) -> Sequence[object]:
    return head.name, part.attention, head.layer, head.head


def _estimates(head: HeadReport, statistics: Iterable[str]) -> Iterable[object]:
    """Mean and interval of each statistic, None for one that the head has not."""
    for name in statistics:
        known = head.statistics.get(name)
        yield from (known.mean, known.low, known.high) if known else (None,) * 3


def _table(name: str, columns: Mapping[str, Kind], rows: Iterable[Sequence[object]]) -> FlatTable:
    return FlatTable(name, columns, tuple(tuple(map(_cell, row)) for row in rows))


def _cell(value: object) -> Cell:
    """A value as report.json has it: None where it is not finite, six significant digits."""
    written = plain(value)
    if isinstance(written, dict | list):
        raise TypeError(f"A table holds no {type(value).__name__}.")
    return written
