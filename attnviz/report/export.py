"""Tables of a report as data frames, CSV and Parquet; pandas and pyarrow load where they are used.

They are the extra `frames`; CSV needs neither.
"""

from __future__ import annotations

import importlib.util
import io
import re
from typing import TYPE_CHECKING

from attnviz.errors import UsageError
from attnviz.report import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import pandas as pd

    from attnviz.report.model import Report
    from attnviz.report.tables import Cell, FlatTable, Kind

FOLDER = "tables"
"""Where in a report's folder tables lie."""

_PANDAS: dict[Kind, str] = {
    "text": "string",
    "integer": "int64",
    "number": "float64",
    "integer or none": "Int64",
}
_ARROW: dict[Kind, str] = {
    "text": "string",
    "integer": "int64",
    "number": "float64",
    "integer or none": "int64",
}
_QUOTED = re.compile(r'[",\r\n]')


def data_frame(table: FlatTable) -> pd.DataFrame:
    """The table for pandas: texts are `string`, numbers float64 with NaN where there is none.

    UsageError without pandas.
    """
    _need("pandas", "Data frames need")
    import pandas as pd

    columns = zip(*table.rows, strict=True) if table.rows else ((),) * len(table.columns)
    return pd.DataFrame(
        {
            name: pd.Series(list(values), dtype=_PANDAS[kind])
            for (name, kind), values in zip(table.columns.items(), columns, strict=True)
        }
    )


def csv(table: FlatTable) -> bytes:
    r"""The table as RFC 4180 has it but for lines that end in \n, in UTF-8, with a header.

    Nothing stands where there is no value. Texts are as they were, whatever they begin with.
    """
    lines = (tuple(table.columns), *table.rows)
    return "".join(",".join(map(_cell, line)) + "\n" for line in lines).encode()


def _cell(value: Cell) -> str:
    # The csv module leaves a carriage return unquoted where lines end in \n, up to Python 3.12.
    text = "" if value is None else str(value)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def parquet(table: FlatTable) -> bytes:
    """The table as Parquet, its columns typed. UsageError without pyarrow."""
    _need("pyarrow", "Parquet needs")
    import pyarrow as pa  # type: ignore[import-untyped]
    from pyarrow.parquet import write_table  # type: ignore[import-untyped]

    schema = pa.schema([(name, _ARROW[kind]) for name, kind in table.columns.items()])
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    file = io.BytesIO()
    write_table(pa.Table.from_pylist(rows, schema=schema), file)
    return file.getvalue()


WRITERS: dict[str, Callable[[FlatTable], bytes]] = {"csv": csv, "parquet": parquet}
"""What writes each form of `--export`."""

NAMES = frozenset(f"{FOLDER}/{table}.{form}" for table in tables.TABLES for form in WRITERS)
"""Every file that an export may be."""


def check(forms: Collection[str]) -> None:
    """Raises UsageError where a form needs what is not installed."""
    if "parquet" in forms:
        _need("pyarrow", "Parquet needs")


def files(report: Report, forms: Collection[str]) -> dict[str, bytes]:
    """Every table in every form: path relative to the report's folder -> bytes."""
    every = tables.every(report) if forms else ()
    return {
        f"{FOLDER}/{table.name}.{form}": WRITERS[form](table) for table in every for form in forms
    }


def _need(module: str, what: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise UsageError(
            f"{what} the extra `frames`, and {module} is not installed.",
            'Run: pip install "attnviz[frames]"',
        )
