"""`report.json` as bytes and back, and its JSON Schema: all from the types of `records`.

The shipped `schema.json` is what `schema_text` returns:

    python -c "from attnviz.report import codec; print(codec.schema_text(), end='')" \
        > attnviz/report/schema.json
"""

from __future__ import annotations

import ast
import inspect
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from itertools import pairwise
from typing import Any, get_args, get_type_hints

import msgspec
import numpy as np
import regex

from attnviz.errors import InputError
from attnviz.report.given import Options
from attnviz.report.model import SCHEMA
from attnviz.report.records import ReportJson
from attnviz.settings import Declaration, declarations
from attnviz.shape import LEFT_OUT, UNWRITTEN

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


def write(report: object) -> bytes:
    """A report, or another dataclass, as JSON: sorted keys, six significant digits.

    null stands for what was not measured.
    """
    return _laid_out(plain(report)).encode()


def read(data: bytes) -> ReportJson:
    """The report that `write` made these bytes of.

    InputError for anything else: another schema, a name too many or too few, a value out of range.
    """
    try:
        values = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"This is no JSON: {error}.", "Give a report.json.") from error
    _check_schema(values)
    try:
        report = msgspec.convert(values, ReportJson)
    except msgspec.ValidationError as error:
        raise _unreadable(str(error), values) from error
    for difference in _differing(values, plain(report), "$"):
        raise _unreadable(difference, values)
    return report


def _check_schema(values: object) -> None:
    """Raises InputError unless these are the values of a report that this version knows."""
    schema = values.get("schema") if isinstance(values, dict) else None
    if schema != SCHEMA:
        raise InputError(
            f"This is no report of the schema {SCHEMA}, but {schema!r}."
            if schema
            else "This is no report: it names no schema.",
            f"Give a report.json of {SCHEMA}, or make the report again with this attnviz.",
        )


def _unreadable(what: str, values: dict[str, Any]) -> InputError:
    return InputError(
        f"This report.json can't be read: {what}.",
        f"It says that attnviz {values.get('version')} wrote it: make the report again with this "
        "one, or read it with that one.",
    )


def _differing(read: Json, known: Json, path: str) -> Iterator[str]:
    """The names that only one of the two has: what was read, or what would be written of it."""
    if isinstance(read, dict) and isinstance(known, dict):
        for name in sorted(read.keys() ^ known.keys()):
            yield f"{path} {'has an unknown field' if name in read else 'lacks the field'} `{name}`"
        for name in sorted(read.keys() & known.keys()):
            yield from _differing(read[name], known[name], f"{path}.{name}")
    elif isinstance(read, list) and isinstance(known, list):
        for place, (item, other) in enumerate(zip(read, known, strict=True)):
            yield from _differing(item, other, f"{path}[{place}]")


def plain(value: object) -> Json:
    """Only what JSON has: no NaN, no lone surrogate, no array, six significant digits."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, float | np.floating):
        return _rounded(float(value))
    if isinstance(value, np.integer):
        return int(value)
    if is_dataclass(value):
        known = {field.name: getattr(value, field.name) for field in fields(value)}
        return {
            field.name: plain(known[field.name])
            for field in fields(value)
            if _is_written(field, known[field.name])
        }
    if isinstance(value, Mapping):
        return {str(plain(str(key))): plain(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    raise TypeError(f"A report holds no {type(value).__name__}.")


def _is_written(field: Field[Any], value: object) -> bool:
    if field.metadata == UNWRITTEN:
        return False
    return field.metadata != LEFT_OUT or value != field.default


def _rounded(value: float) -> float | None:
    if not math.isfinite(value):
        return None
    return float(f"{value:.{SIGNIFICANT}g}") + 0.0  # no negative zero


def _laid_out(value: Json) -> str:
    return "".join(_written(value, 0)) + "\n"


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


def schema_text(
    kind: type = ReportJson, name: str = "report", title: str = "attnviz report"
) -> str:
    """The JSON Schema as it is shipped: see `schema`."""
    return _laid_out(schema(kind, name, title))


def schema(
    kind: type = ReportJson, name: str = "report", title: str = "attnviz report"
) -> dict[str, Any]:
    """The JSON Schema (2020-12) of what `plain` makes of a dataclass, from the types.

    By default that of `report.json`.
    """
    _, every = msgspec.json.schema_components([kind])
    known = {cls.__name__: _as_written(every[cls.__name__], cls) for cls in _types(kind)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:attnviz:{name}:1",
        **known.pop(kind.__name__),
        "title": title,
        "$defs": known,
    }


def _types(kind: object) -> Iterator[type]:
    """The dataclasses that a value of this type holds where it is written."""
    inner = get_args(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        yield kind
        hints = get_type_hints(kind)
        inner = tuple(hints[field.name] for field in fields(kind) if field.metadata != UNWRITTEN)
    for held in inner:
        yield from _types(held)


def _as_written(schema: dict[str, Any], cls: type) -> dict[str, Any]:
    """The schema of a dataclass with what msgspec doesn't know: what is written when, and told."""
    told, properties = _told(cls), {}
    for field in fields(cls):
        if field.metadata != UNWRITTEN:
            known = {**schema["properties"][field.name], **told.get(field.name, {})}
            known.pop("default", None)
            properties[field.name] = known
    return {
        "type": "object",
        "description": _one_line(cls.__doc__),
        "properties": properties,
        "required": [field.name for field in fields(cls) if not field.metadata],
        "additionalProperties": False,
    }


def _told(cls: type) -> dict[str, dict[str, Any]]:
    """What is said of the fields of a class: by a setting's declaration, or the string below it."""
    settings = declarations(Options) if cls is Options else {}
    told = {name: _declared(setting) for name, setting in settings.items()}
    source = ast.parse(inspect.getsource(cls))
    body = next(node.body for node in source.body if isinstance(node, ast.ClassDef))
    for field, below in pairwise(body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                told[name] = {"description": _one_line(text)}
    return told


def _declared(declaration: Declaration) -> dict[str, Any]:
    """What the declaration of a setting says in a schema."""
    said: dict[str, Any] = {"description": declaration.setting.help}
    if declaration.type is int and declaration.setting.range:
        said["minimum"], said["maximum"] = declaration.setting.range
    return said


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
