"""`--export` puts tables into the report's folder, as a part of it."""

from __future__ import annotations

import csv
import importlib.util
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import attnviz
from attnviz import pipeline
from attnviz.errors import ExitCode, UsageError
from attnviz.report import export
from tests.helpers.tool import Tool, content

pytestmark = pytest.mark.slow

FEW = ("--illustrate", "0", "--resamples", "100")


def test_tables_lie_in_the_folder_and_go_with_it(
    tool: Tool, tiny: Path, text: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert tool("report", tiny, text, "-o", out, *FEW, "--export", "parquet,csv").code == 0
    written = content(out)
    assert {name for name in written if name.startswith("tables/")} == export.NAMES
    heads = json.loads(written["report.json"])["heads"]
    rows = list(csv.DictReader(written["tables/heads.csv"].decode().splitlines()))
    assert [row["name"] for row in rows] == ["L0H0", "L0H1", "L1H0", "L1H1"]
    for row, head in zip(rows, heads, strict=True):
        assert float(row["gini"]) == head["statistics"]["gini"]["mean"]
    roles = pd.read_parquet(out / "tables" / "roles.parquet")
    assert len(roles) == sum(len(head["roles"]) for head in heads)
    assert roles["verdict"].isna().all()  # three sentences are too few for any

    assert tool("report", tiny, text, "-o", out, *FEW, "--export", "csv").code == 0
    assert {name for name in content(out) if "parquet" in name} == set()
    assert tool("report", tiny, text, "-o", out, *FEW).code == 0
    assert not (out / "tables").exists()


def test_somebodys_table_is_kept(tool: Tool, tiny: Path, text: Path, tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "mine.csv").write_text("mine")
    outcome = tool("report", tiny, text, "-o", tmp_path, *FEW, "--export", "csv")
    assert outcome.code == ExitCode.CANNOT_WRITE
    assert content(tmp_path) == {"tables/mine.csv": b"mine"}


@pytest.mark.parametrize("forms", ["csv", "parquet"])
def test_a_missing_package_is_told_before_the_model_runs(
    tool: Tool,
    tiny: Path,
    text: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    forms: str,
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "pyarrow" else real(name)
    )
    if forms == "csv":
        assert tool("report", tiny, text, "-o", tmp_path, *FEW, "--export", forms).code == 0
        return
    monkeypatch.setattr(pipeline, "analyse", None)
    outcome = tool("report", tiny, text, "-o", tmp_path, *FEW, "--export", forms)
    assert outcome.code == ExitCode.USAGE
    assert 'Run: pip install "attnviz[frames]"' in outcome.err
    assert content(tmp_path) == {}
    with pytest.raises(UsageError, match="pyarrow is not installed"):
        attnviz.analyze(tiny, ["The dog sat."], export=forms)


@pytest.mark.parametrize("wrong", ["xlsx", "csv,xlsx", "csv;parquet", ","])
def test_forms_that_there_are_not(tool: Tool, tiny: Path, text: Path, wrong: str) -> None:
    outcome = tool("report", tiny, text, "--export", wrong)
    assert outcome.code == ExitCode.USAGE
    assert f"--export is '{wrong}'" in outcome.err
    assert "csv, parquet" in outcome.err


def test_there_is_no_place_for_tables_without_a_folder(tool: Tool, tiny: Path, text: Path) -> None:
    outcome = tool("report", tiny, text, "--format", "json", "--export", "csv")
    assert (outcome.code, outcome.out) == (ExitCode.USAGE, "")
    assert "With --format json add -o DIR." in outcome.err


def test_a_script_exports_too(tiny: Path, tmp_path: Path) -> None:
    few: dict[str, Any] = {"illustrate": 0, "resamples": 100}
    made = attnviz.analyze(tiny, ["The dog, it sat.", "A cat"], export=["csv"], **few)
    made.save(tmp_path)
    frame = pd.read_csv(tmp_path / "tables" / "sentences.csv")
    assert list(frame["text"]) == ["The dog, it sat.", "A cat"]
    pd.testing.assert_series_equal(
        frame["entropy_L1"], made.sentences_frame()["entropy_L1"], check_exact=True
    )
    judged = attnviz.judge(made.measurement or attnviz.Measurement(), export="csv")
    judged.save(tmp_path)
    assert (tmp_path / "tables" / "sentences.csv").read_text().count("\n") == 1
    assert (tmp_path / "tables" / "heads.csv").read_text().count("\n") == 5
