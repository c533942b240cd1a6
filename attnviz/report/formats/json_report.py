"""`report.json`: everything a run found, in a versioned form that programs can rely on.

Its shape is `schema.json`, shipped beside this module.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import regex

from attnviz.evidence import bootstrap
from attnviz.report import layers, records, whole
from attnviz.report.format import Format

if TYPE_CHECKING:
    from attnviz.figures.picture import Picture
    from attnviz.report.candidates import Spare, SpareHead
    from attnviz.report.given import Options
    from attnviz.report.model import Finding, HeadReport, Report, SentenceReport, Similarity
    from attnviz.report.probed import InductionHead, InductionReport

Json = dict[str, Any] | list[Any] | str | float | int | bool | None

SIGNIFICANT = 6
# From this depth on a list is one line, and so is an object of plain values: one line for each
# score, for each row of a matrix. Above it everything has its own line, so that reports diff well.
ONE_LINE_DEPTH = 3
# Valid in JSON, yet they end lines in JavaScript, reorder text, draw nothing, or draw what a font
# likes: control, format, private and unassigned characters, and all that Unicode has ignored.
# Whoever prints the file sees them, and whoever reads it gets the text as it was.
_UNPRINTABLE = regex.compile(r"(?V1)[\p{C}\p{Zl}\p{Zp}\p{DI}\u2800]")
_SURROGATE = regex.compile(r"\p{Cs}")


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of `report.json`."""
    text = resources.files("attnviz.report").joinpath("schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def write(report: Report, pictures: Sequence[Picture]) -> bytes:
    """The report as JSON: sorted keys, six significant digits, null for what was not measured."""
    return ("".join(_written(document(report, pictures), 0)) + "\n").encode()


def document(report: Report, pictures: Sequence[Picture]) -> dict[str, Json]:
    """The report as plain values, as `schema` describes them."""
    every = report.every_part
    found = {
        "schema": report.schema,
        "version": report.version,
        "model": _record(report.model),
        "input": {**_record(report.input), "files": [_record(file) for file in report.input.files]},
        "options": _options(report.options),
        "evidence": _evidence(report.options),
        "roles": [_of(part, _record(role)) for part in every for role in part.roles],
        "statistics": [_record(statistic) for statistic in whole.statistics(report)],
        "layers": [_of(part, _record(layer)) for part in every for layer in part.layers],
        "heads": [_of(part, _head(part, head)) for part in every for head in part.heads],
        "sentences": [_of(part, _sentence(one)) for part in every for one in part.sentences],
        "relations": [_of(part, _record(row)) for part in every for row in part.relations],
        "special_mass": report.special_mass,
        "similarity": _similarity(report.similarity),
        "spare": _spare(report.spare),
        "induction": _induction(report.induction),
        "findings": [_finding(finding) for finding in whole.findings(report)],
        "warnings": report.warnings,
        "figures": [
            {"path": picture.path, "title": picture.title, "caption": picture.caption}
            for picture in pictures
        ],
    }
    if report.parts:
        found["parts"] = {part.attention: _part(part) for part in report.parts}
    return {key: _plain(value) for key, value in found.items()}


def _options(options: Options) -> dict[str, object]:
    found = _record(options)
    del found["evidence"]  # an object of its own
    return found


def _evidence(options: Options) -> dict[str, object]:
    """What every interval and verdict rests on, with the margins that aren't the roles' own."""
    rules = options.evidence
    return {
        "confidence": bootstrap.CONFIDENCE,
        "resamples": options.resamples,
        "seed": options.seed,
        "sentences": rules.sentences,
        "events": rules.events,
        "margins": [_record(one) for one in rules.margins],
    }


def _of(part: Report, record: dict[str, object]) -> dict[str, object]:
    """The record with the part that it belongs to, where a report has parts."""
    return {**record, "attention": part.attention} if part.attention else record


def _part(part: Report) -> dict[str, object]:
    model = part.model
    return {
        "layers": model.layers,
        "heads": model.heads,
        "key_value_heads": model.key_value_heads,
        "special_mass": part.special_mass,
        "similarity": _similarity(part.similarity),
        "spare": _spare(part.spare),
    }


def _head(part: Report, head: HeadReport) -> dict[str, object]:
    found: dict[str, object] = {
        "layer": head.layer,
        "head": head.head,
        "statistics": {name: _record(value) for name, value in head.statistics.items()},
        "roles": {name: _record(score) for name, score in head.roles.items()},
        "beside": dict(head.beside),
        **records.of_head(head),
    }
    key_head = layers.key_head(part, head.layer, head.head)
    return found if key_head is None else {**found, "key_head": key_head}


def _sentence(sentence: SentenceReport) -> dict[str, object]:
    found = {**_record(sentence), "words": [_record(word) for word in sentence.words]}
    generated = found.pop("generated")
    if not sentence.keys:
        del found["keys"], found["special_keys"]
    if sentence.pair is None:
        del found["pair"], found["segments"]
    return found if generated is None else {**found, "generated_from": generated}


def _finding(finding: Finding) -> dict[str, object]:
    found = _record(finding)
    if not finding.attention:
        del found["attention"]
    return found


def _similarity(similarity: Similarity | None) -> dict[str, object] | None:
    return None if similarity is None else _record(similarity)


def _spare(spare: Spare | None) -> dict[str, object] | None:
    if spare is None:
        return None
    return {
        "heads": [_spared(one) for one in spare.heads],
        "working": [_spared(one) for one in spare.working],
        "criteria": [
            {**_record(one), "closest": None if one.closest is None else _spared(one.closest)}
            for one in spare.criteria
        ],
        "groups": [_record(one) for one in spare.groups],
        "collapsed": spare.collapsed,
    }


def _spared(one: SpareHead) -> dict[str, object]:
    nested = {name: getattr(one, name) for name in ("alike", "evenness", "resting")}
    return _record(one) | {
        name: None if value is None else _record(value) for name, value in nested.items()
    }


def _induction(induction: InductionReport | None) -> dict[str, object] | None:
    if induction is None:
        return None
    return {**_record(induction), "heads": [_probed(head) for head in induction.heads]}


def _probed(head: InductionHead) -> dict[str, object]:
    return {
        **_record(head),
        "prefix_matching": _record(head.prefix_matching),
        "copying": None if head.copying is None else _record(head.copying),
        "lifted": None if head.lifted is None else _record(head.lifted),
    }


def _record(item: object) -> dict[str, object]:
    """A dataclass as a dict of its own fields, not copied and not descended into."""
    return {field.name: getattr(item, field.name) for field in fields(item)}  # type: ignore[arg-type]


def _plain(value: object) -> Json:
    """Only what JSON has: no NaN, no lone surrogate, no array, six significant digits."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, float | np.floating):
        return _rounded(float(value))
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(_plain(str(key))): _plain(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [_plain(item) for item in value]
    raise TypeError(f"A report holds no {type(value).__name__}.")


def _rounded(value: float) -> float | None:
    if not math.isfinite(value):
        return None
    return float(f"{value:.{SIGNIFICANT}g}") + 0.0  # no negative zero


def _written(value: Json, depth: int) -> Iterable[str]:
    if not isinstance(value, dict | list) or not value or _on_one_line(value, depth):
        yield _dumped(value)
        return
    indent = "  " * (depth + 1)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    yield opening
    for place, (name, item) in enumerate(_entries(value)):
        yield (",\n" if place else "\n") + indent + name
        yield from _written(item, depth + 1)
    yield f"\n{'  ' * depth}{closing}"


def _on_one_line(value: dict[str, Any] | list[Any], depth: int) -> bool:
    if depth < ONE_LINE_DEPTH:
        return False
    if isinstance(value, list):
        return not _is_matrix(value)
    return not any(isinstance(item, dict) or _is_matrix(item) for item in value.values())


def _is_matrix(value: Json) -> bool:
    """Whether it is a list of rows, and not one of pairs such as [layer, head]."""
    return isinstance(value, list) and any(isinstance(row, list) and len(row) > 2 for row in value)


def _entries(value: dict[str, Any] | list[Any]) -> Iterable[tuple[str, Json]]:
    if isinstance(value, list):
        return (("", item) for item in value)
    return ((f"{_dumped(name)}: ", value[name]) for name in sorted(value))


def _dumped(value: Json) -> str:
    """A value on one line, with JSON's escapes for what can't be seen."""
    line = json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)
    if line.isascii() and "\x7f" not in line:
        return line
    return _UNPRINTABLE.sub(lambda match: json.dumps(match[0])[1:-1], line)


FORMAT = Format(
    name="json",
    filename="report.json",
    about="Everything, for programs; its JSON Schema is shipped with the package.",
    write=write,
)
