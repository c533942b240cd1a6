"""A report format is one new file: here the roles as comma-separated values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.report import formats as room
from attnviz.report.format import files, find
from tests.helpers import example

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

FILE = """
import csv
import io

from attnviz.report.format import Format
from attnviz.report.sections import roles


def write(report, pictures):
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\\n")
    for role in roles.of(report).summary:
        writer.writerows([role.title, *(cell.text for cell in row)] for row in role.table.rows)
    return lines.getvalue().encode()


FORMAT = Format(name="csv", filename="roles.csv", about="The roles as a table.", write=write)
"""


def test_a_format_is_one_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "csv_of_a_test.py").write_text(FILE, encoding="utf-8")
    monkeypatch.setattr(room, "__path__", [*room.__path__, str(tmp_path)])
    made = example.report(sentences=2)

    written = find("csv").write(made, ()).decode()

    assert written.splitlines()[0] == (
        'itself,L2H4,"0.93 [0.90, 0.95]",0.049,0.11 uniform attention,0.93,'
        '"90 sentences, 1,203 events",supported'
    )
    assert files(made, ())["roles.csv"].decode() == written
