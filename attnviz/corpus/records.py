"""Records of tables and of JSON Lines: the text in one of their fields, and a name in another."""

from __future__ import annotations

import csv
import difflib
import importlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from attnviz.corpus.lines import LONGEST, Refuse
from attnviz.errors import InputError, UsageError
from attnviz.text.showable import in_short, showable
from attnviz.text.spelling import encodable

_SEPARATORS = (",", "\t", ";")
_ROWS = 1024
_NAMED = 8
_DIGITS = 9
"""Of the number of a label, fewer than these."""

SOURCE = "source"
"""What sentences may be grouped by that are of no record: their file."""


@dataclass(frozen=True)
class Fields:
    """The names of the fields that hold a record's text and its document; "" where not named.

    Sentences are grouped by the value of `group`, or by whether `label` is what a model says of
    them, whose labels are `labels`. Of `SOURCE`, unless records have such a field, the value is the
    file.
    """

    text: str = ""
    id: str = ""
    group: str = ""
    label: str = ""
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.group and self.label:
            raise UsageError(
                "--group and --label don't go together.",
                "Give one of them: --label makes the groups right and wrong.",
            )

    @property
    def grouped(self) -> str:
        """The field by which sentences are grouped, "" where they are not."""
        return self.group or self.label

    @property
    def flag(self) -> str:
        """The flag that names this field."""
        return "--group" if self.group else "--label"


class Record(NamedTuple):
    """The text of a record, its line, or row of a table without lines, its document and group."""

    line: int
    text: str
    id: str
    group: str = ""


def json_records(
    name: str, lines: Iterable[tuple[int, str]], fields: Fields, refuse: Refuse
) -> Iterator[Record]:
    """The records of JSON Lines, an object a line. Raises UsageError where no field is named."""
    for number, line in lines:
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            refuse(
                InputError(
                    f"{name}, line {number} is no JSON: {_reason(error)}.",
                    "JSON Lines have one object a line.",
                )
            )
            continue
        if not isinstance(value, dict):
            refuse(
                InputError(
                    f"{name}, line {number} holds no object: {showable(line[:40])}.",
                    "JSON Lines have one object a line, with the text in one of its fields.",
                )
            )
            continue
        yield from _record(name, number, value, fields, refuse)


def _reason(error: ValueError | RecursionError) -> str:
    """Why a line of JSON can't be read."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} (column {error.colno})"
    return "nested too deeply" if isinstance(error, RecursionError) else "a number is too long"


def csv_records(
    name: str, lines: Iterable[tuple[int, str]], fields: Fields, refuse: Refuse
) -> Iterator[Record]:
    """The records of a table as text, whose first row names its columns.

    What stands between columns is a comma, tab or semicolon: the first of them that makes the
    field a column. Raises InputError where none does, UsageError where no field is named.
    """
    numbered = iter(lines)
    head = next(numbered, None)
    if head is None:
        return
    csv.field_size_limit(LONGEST)
    separator, columns = _columns(name, head[1], fields)
    last = [head[0]]

    def texts() -> Iterator[str]:
        for number, line in numbered:
            last[0] = number
            yield line + "\n"

    rows = csv.reader(texts(), delimiter=separator)
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            refuse(
                InputError(f"{name}, line {last[0]}: {error}.", "Check its quotes and separators.")
            )
            continue
        if row is None:
            return
        if len(row) not in (0, len(columns)):
            refuse(
                InputError(
                    f"{name}, line {last[0]} has {len(row)} columns instead of {len(columns)}.",
                    "A text with separators or line feeds in it stands in double quotes.",
                )
            )
        elif row:
            yield from _record(name, last[0], dict(zip(columns, row, strict=True)), fields, refuse)


def parquet_records(path: Path, name: str, fields: Fields, refuse: Refuse) -> Iterator[Record]:
    """The records of a Parquet table; UsageError where pyarrow is missing or no field is named."""
    try:
        parquet = importlib.import_module("pyarrow.parquet")
        arrow = importlib.import_module("pyarrow")
    except ImportError as error:
        raise UsageError(
            f"{name} is a Parquet table, which takes pyarrow to read.",
            'Install it: pip install "attnviz[frames]"',
        ) from error
    try:
        with parquet.ParquetFile(path) as table:
            names = list(table.schema_arrow.names)
            _check_column(name, names, fields.text, "--field")
            wanted = [fields.text]
            for field, flag in _others(fields, names):
                _check_column(name, names, field, flag)
                wanted.append(field)
            row = 0
            for batch in table.iter_batches(batch_size=_ROWS, columns=wanted):
                for value in batch.to_pylist():
                    row += 1
                    yield from _record(name, row, value, fields, refuse, "row")
    except arrow.ArrowException as error:
        raise InputError(
            f"{name} can't be read: {showable(str(error).splitlines()[0])}",
            "It may have been cut short: fetch it again.",
        ) from error


def _columns(name: str, line: str, fields: Fields) -> tuple[str, list[str]]:
    """What stands between the columns of a table, and their names."""
    headers = [(each, next(csv.reader([line], delimiter=each), [])) for each in _SEPARATORS]
    for separator, columns in headers:
        if fields.text in columns:
            for field, flag in _others(fields, columns):
                _check_column(name, columns, field, flag)
            return separator, columns
    most = max((columns for _, columns in headers), key=len)
    _check_column(name, most, fields.text, "--field")
    raise AssertionError("unreachable")  # the check has refused it


def _others(fields: Fields, columns: Sequence[str]) -> list[tuple[str, str]]:
    """The fields besides the text that a table must have as columns, with their flags."""
    named = [(fields.id, "--id"), (fields.grouped, fields.flag)]
    return [
        (field, flag)
        for field, flag in named
        if field and not (fields.group == field == SOURCE and field not in columns)
    ]


def _check_column(name: str, columns: Sequence[str], wanted: str, flag: str) -> None:
    """Raises UsageError where no field is named, InputError where there is no such column."""
    if not wanted:
        raise _unnamed(name, columns)
    if wanted not in columns:
        raise InputError(
            f"{name} has no column {showable(wanted)}; it has {_listed(columns)}.",
            _nearest(wanted, columns, flag, f"Name one of them: {flag}."),
        )


def _record(
    name: str, line: int, value: dict[str, Any], fields: Fields, refuse: Refuse, place: str = "line"
) -> Iterator[Record]:
    """The record of an object; nothing where it is refused."""
    if not fields.text:
        raise _unnamed(name, list(value))
    text, named = _looked_up(value, fields.text), _looked_up(value, fields.id)
    if not isinstance(text, str):
        usual = "--field names the field that holds the text, in every record."
        field, fix = f"{name}, {place} {line} has {{}} {showable(fields.text)}", usual
        if text is not None or fields.text in value:
            kind = "null" if text is None else type(text).__name__
            told = field.format(f"{kind}, no text, in the field")
        else:
            told = f"{field.format('no field')}; it has {_listed(list(value))}"
            fix = _nearest(fields.text, value, "--field", usual)
        refuse(InputError(f"{told}.", fix))
        return
    for field, flag in ((fields.id, "--id"), (fields.grouped, fields.flag)):
        absent = field and _looked_up(value, field) is None and field not in value
        if absent and not fields.group == field == SOURCE:
            usual = f"{flag} names a field that every record has."
            refuse(
                InputError(
                    f"{name}, {place} {line} has no field {showable(field)}; it has "
                    f"{_listed(list(value))}.",
                    _nearest(field, value, flag, usual),
                )
            )
            return
    if fields.id and named is None:
        refuse(
            InputError(
                f"{name}, {place} {line} has no value in the field {showable(fields.id)}.",
                "--id names a field that every record has.",
            )
        )
        return
    group = ""
    if fields.grouped:
        try:
            group = group_of(_looked_up(value, fields.grouped), fields, name)
        except InputError as error:
            refuse(InputError(f"{name}, {place} {line} has {error.message}", error.hint))
            return
    # JSON may hold what no text in UTF-8 can.
    yield Record(line, encodable(text), "" if named is None else showable(str(named)), group)


def group_of(value: object, fields: Fields, file: str) -> str:
    """The group that a field's value stands for, or the right label.

    Raises InputError for a value that can't be, the message of which says what there is.
    """
    shown = showable(fields.grouped)
    if value is None and fields.group == SOURCE:
        return file
    if value is None or value == "" or value != value:  # the last: no number
        raise InputError(
            f"no value in the field {shown}.", f"{fields.flag} names a field that every record has."
        )
    if isinstance(value, list | tuple | dict | bytes):
        raise InputError(
            f"{type(value).__name__} in the field {shown}.",
            f"{fields.flag} names a field with a text or a number.",
        )
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not fields.label:
        return showable(encodable(text))
    if text in fields.labels:
        return text
    if text.isdecimal() and len(text) < _DIGITS and int(text) < len(fields.labels):
        return fields.labels[int(text)]
    raise InputError(
        f"the label {in_short(text)!r}, which the model does not know.",
        f"Its labels are: {', '.join(map(showable, fields.labels))}; their numbers do, too.",
    )


def _nearest(wanted: str, value: Iterable[str], flag: str, otherwise: str) -> str:
    """The hint with the field that is meant, if any has such a name."""
    near = difflib.get_close_matches(wanted, [str(each) for each in value], n=1)
    return f"Did you mean {flag} {showable(near[0])}?" if near else otherwise


def _looked_up(value: Any, field: str) -> Any:  # noqa: ANN401 - JSON's
    """The value of a field; that of `a.b` is b in a, unless there is a field of that name."""
    if not field or not isinstance(value, dict):
        return None
    if field in value:
        return value[field]
    first, dot, rest = field.partition(".")
    return _looked_up(value.get(first), rest) if dot else None


def _unnamed(name: str, columns: Sequence[str]) -> UsageError:
    return UsageError(
        f"{name} holds records, and no field of theirs is named.",
        f"Say which holds the text with --field; there are {_listed(columns)}.",
    )


def _listed(names: Sequence[str]) -> str:
    more = ", …" if len(names) > _NAMED else ""
    return (", ".join(in_short(str(name)) for name in islice(names, _NAMED)) + more) or "none"
