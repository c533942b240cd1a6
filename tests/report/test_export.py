"""Tables as data frames, CSV and Parquet hold the same."""

from __future__ import annotations

import csv
import importlib.util
import io
from dataclasses import replace

import pandas as pd
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from attnviz.errors import ExitCode, UsageError
from attnviz.report import export, tables
from attnviz.report.model import Report
from attnviz.report.tables import FlatTable
from tests.helpers import example

ODD = (
    "a,b",
    '"q"',
    "two\nlines",
    "a\rb",
    "=1+1",
    " ",
    "",
    "\u2028",
    "[/INST]",
    "\x00\x1b[31m",
    "né",
)
SMALL = FlatTable(
    "small",
    {"text": "text", "whole": "integer", "some": "integer or none", "number": "number"},
    (("L0H2", 3, None, 0.123456), ("a,b", -1, 7, None)),
)


def test_csv_by_hand() -> None:
    assert export.csv(SMALL) == b'text,whole,some,number\nL0H2,3,,0.123456\n"a,b",-1,7,\n'


def test_any_text_comes_back_from_csv() -> None:
    table = FlatTable("odd", {"text": "text", "after": "integer"}, tuple((t, 1) for t in ODD))
    _, *rows = csv.reader(io.StringIO(export.csv(table).decode(), newline=""))
    assert [text for text, _ in rows] == list(ODD)


@pytest.mark.parametrize("made", [example.report(hostile=True), example.translation(hostile=True)])
def test_csv_and_parquet_hold_what_a_frame_holds(made: Report) -> None:
    for table in tables.every(made):
        frame = export.data_frame(table)
        assert list(frame.columns) == list(table.columns)
        plain = [[None if pd.isna(value) else value for value in row] for row in frame.values]
        assert plain == [list(row) for row in table.rows]
        parquet = pq.read_table(io.BytesIO(export.parquet(table)))
        assert parquet.column_names == list(table.columns)
        assert [tuple(row.values()) for row in parquet.to_pylist()] == list(table.rows)
        header, *rows = csv.reader(io.StringIO(export.csv(table).decode(), newline=""))
        assert header == list(table.columns)
        assert rows == [
            ["" if value is None else str(value) for value in row] for row in table.rows
        ]


def test_columns_have_types_even_without_rows() -> None:
    for table in (SMALL, replace(SMALL, rows=())):
        types = export.data_frame(table).dtypes.astype(str).to_dict()
        assert types == {"text": "string", "whole": "int64", "some": "Int64", "number": "float64"}
        schema = pq.read_schema(io.BytesIO(export.parquet(table)))
        assert [str(kind) for kind in schema.types] == ["string", "int64", "int64", "double"]


def test_pandas_reads_the_csv_with_its_defaults() -> None:
    made = example.report()
    table = tables.heads(made)
    frame = pd.read_csv(io.BytesIO(export.csv(table)))
    pd.testing.assert_series_equal(
        frame["entropy"], export.data_frame(table)["entropy"], check_exact=True
    )


def test_the_same_report_gives_the_same_bytes() -> None:
    both = [export.files(example.report(), ("csv", "parquet")) for _ in range(2)]
    assert both[0] == both[1]
    assert set(both[0]) == export.NAMES
    assert export.files(example.report(), ()) == {}


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if name in {"pandas", "pyarrow"} else real(name),
    )
    export.check(("csv",))
    export.csv(SMALL)
    for run, module in (
        (lambda: export.check(("csv", "parquet")), "pyarrow"),
        (lambda: export.parquet(SMALL), "pyarrow"),
        (lambda: export.data_frame(SMALL), "pandas"),
    ):
        with pytest.raises(UsageError, match=f"the extra `frames`, and {module} is not") as caught:
            run()
        assert caught.value.hint == 'Run: pip install "attnviz[frames]"'
        assert caught.value.exit_code == ExitCode.USAGE
