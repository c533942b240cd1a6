"""`attnviz scan`, `merge` and `report --from` as they are typed."""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

import attnviz
from attnviz.corpus import summary
from tests.conftest import SAMPLES
from tests.helpers.corpora import measurement, sentences, small_pilot, write_lines
from tests.helpers.tool import Tool, content

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def _small() -> Iterator[None]:
    with small_pilot(100, shard=20):
        yield


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pilot, and three shards."""
    return write_lines(tmp_path_factory.mktemp("corpus") / "corpus.txt", sentences(160))


@pytest.fixture(scope="module")
def scan(tiny: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scans") / "whole"
    attnviz.scan(tiny, corpus, folder)
    return folder


def test_a_summary_at_the_end(tiny: Path, corpus: Path, tool: Tool, scan: Path) -> None:
    ran = tool("scan", tiny, corpus, "-o", scan)
    assert ran.code == 0
    assert ran.out.startswith("tiny: 160 sentences, ")
    assert ran.out.endswith(f"{scan}: next attnviz report --from {scan}\n")
    assert ran.err == ""
    told = json.loads(tool("scan", tiny, corpus, "-o", scan, "--format", "json").out)
    assert (told["sentences"], told["files"], told["set_aside"]) == (160, 1, 0)
    jsonschema.validate(told, _schema(), jsonschema.Draft202012Validator)


def _schema() -> dict[str, Any]:
    """The schema of the summary, as it is shipped."""
    text = (resources.files("attnviz") / "corpus" / "schema.json").read_text(encoding="utf-8")
    assert text == summary.schema_text(), "Write it again: see attnviz/corpus/summary.py."
    schema: dict[str, Any] = json.loads(text)
    return schema


def test_parts_are_merged_to_the_bytes_of_the_whole(
    tiny: Path, corpus: Path, tool: Tool, scan: Path, tmp_path: Path
) -> None:
    parts = [tmp_path / f"part{number}" for number in (1, 2, 3)]
    for number, folder in enumerate(parts, 1):
        ran = tool("scan", tiny, corpus, "-o", folder, "--part", f"{number}/3")
        assert ran.code == 0, ran.err
        assert f"This is part {number}/3 of the corpus." in ran.out
    ran = tool("merge", *parts, "-o", tmp_path / "whole")
    assert ran.code == 0, ran.err
    assert ran.out.startswith("tiny: 160 sentences, ")
    assert measurement(tmp_path / "whole").to_bytes() == measurement(scan).to_bytes()
    before = content(tmp_path / "whole")
    assert tool("merge", *reversed(parts), "-o", tmp_path / "whole").code == 0
    assert content(tmp_path / "whole") == before
    told = tool("merge", parts[0], parts[2], "-o", tmp_path / "other")
    assert (told.code, "1 part missing: 2/3." in told.err) == (2, True)
    shutil.copytree(parts[0], tmp_path / "again")
    told = tool("merge", parts[0], tmp_path / "again", *parts[1:], "-o", tmp_path / "other")
    assert (told.code, "are both part 1/3" in told.err) == (2, True)
    told = tool("merge", scan, parts[0], "-o", tmp_path / "other")
    assert (told.code, "different divisions" in told.err) == (2, True)
    assert not (tmp_path / "other").exists()


def test_corpora_of_one_pilot_are_merged(
    tiny: Path, tool: Tool, scan: Path, tmp_path: Path
) -> None:
    more = write_lines(tmp_path / "more.txt", sentences(30, seed=9))
    assert tool("scan", tiny, more, "-o", tmp_path / "more", "--pilot", scan).code == 0
    assert tool("merge", scan, tmp_path / "more", "-o", tmp_path / "both").code == 0
    both = measurement(tmp_path / "both")
    assert [(file.name, file.sentences) for file in both.input.files] == [
        ("corpus.txt", 160),
        ("more.txt", 30),
    ]
    shutil.copytree(scan, tmp_path / "twice")
    told = tool("merge", scan, tmp_path / "twice", "-o", tmp_path / "other")
    assert (told.code, "are whole scans" in told.err) == (2, True)
    told = tool("merge", tmp_path, "-o", tmp_path / "other")
    assert (told.code, "holds no scan" in told.err) == (3, True)


def test_a_report_is_made_from_a_measurement_that_can_be_read(
    scan: Path, tool: Tool, tmp_path: Path
) -> None:
    told = tool("report", "--from", tmp_path, "-o", tmp_path / "out")
    assert (told.code, "holds no measurement" in told.err) == (3, True)
    damaged = tmp_path / "sums.safetensors"
    damaged.write_bytes(measurement(scan).to_bytes()[:-8])
    told = tool("report", "--from", damaged, "-o", tmp_path / "out")
    assert (
        told.code,
        "sums.safetensors can't be used: The measurement is damaged" in told.err,
    ) == (
        3,
        True,
    )
    assert not (tmp_path / "out").exists()


def test_time_that_is_up_has_a_code_of_its_own(
    tiny: Path, corpus: Path, tool: Tool, tmp_path: Path
) -> None:
    ran = tool("scan", tiny, corpus, "-o", tmp_path / "scan", "--time-limit", "0s")
    assert ran.code == 75
    assert "The time is up: 40 sentences are left" in ran.err
    told = tool("report", "--from", tmp_path / "scan")
    assert (told.code, "Its scan is not finished" in told.err) == (3, True)
    told = tool("merge", tmp_path / "scan", "-o", tmp_path / "other")
    assert (told.code, "is not finished" in told.err) == (3, True)
    assert tool("scan", tiny, corpus, "-o", tmp_path / "scan").code == 0


def test_what_cant_be_read_is_set_aside_and_counted(tiny: Path, tool: Tool, tmp_path: Path) -> None:
    lines = [json.dumps({"text": line}) for line in sentences(12)]
    text = write_lines(tmp_path / "texts" / "a.jsonl", [*lines[:6], "{oh", *lines[6:]])
    (text.parent / "b.csv").write_bytes(b"\xff\xfe\x00")
    command = ["scan", tiny, text.parent, "-o", tmp_path / "scan", "--field", "text"]
    told = tool(*command)
    assert (told.code, "a.jsonl, line 7 is no JSON" in told.err) == (3, True)
    assert not (tmp_path / "scan").exists()
    ran = tool(*command, "--keep-going", "--format", "json")
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    assert (told["sentences"], told["set_aside"]) == (12, 2)
    assert any("line 7 is no JSON" in warning for warning in told["warnings"])


def test_rows_add_up_to_the_sums(tiny: Path, corpus: Path, tool: Tool, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    compute = importlib.import_module("pyarrow.compute")
    assert tool("scan", tiny, corpus, "-o", tmp_path, "--rows").code == 0
    assert len(list((tmp_path / "rows").iterdir())) == 4  # the pilot, and three shards
    table = parquet.read_table(tmp_path / "rows")
    assert table.column_names[:4] == ["sentence", "source", "line", "stream"]
    assert len(compute.unique(table["sentence"])) == 160
    sums = measurement(tmp_path).streams[""]
    for role, measure in (
        ("previous-token", "score"),
        ("previous-token", "chance"),
        ("", "entropy"),
    ):
        column = sums.columns[f"{role}||{measure}"]
        for place, (layer, head) in enumerate(sums.heads):
            wanted = (
                (compute.field("role") == role)
                & (compute.field("measure") == measure)
                & (compute.field("layer") == layer)
                & (compute.field("head") == head)
            )
            rows = table.filter(wanted)
            mass = np.broadcast_to(column.mass, (len(sums.units), 4)).sum(0)[place]
            np.testing.assert_allclose(compute.sum(rows["numerator"]).as_py(), mass, atol=1e-5)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--part", "5/4"], "--part is '5/4'"),
        (["--part", "x"], "--part is 'x'"),
        (["--time-limit", "soon"], "--time-limit is 'soon'"),
        (["--sample", "-3"], "--sample is -3"),
        (["--pilot", "nowhere"], "There is no folder nowhere"),
    ],
)
def test_flags_that_say_nothing(
    tiny: Path, text: Path, tool: Tool, tmp_path: Path, flags: list[str], said: str
) -> None:
    told = tool("scan", tiny, text, "-o", tmp_path / "scan", *flags)
    assert told.code in (2, 3)
    assert said in told.err
    assert not (tmp_path / "scan").exists()


def test_other_peoples_files_are_left_alone(
    tiny: Path, text: Path, tool: Tool, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    told = tool("scan", tiny, text, "-o", tmp_path)
    assert (told.code, "holds files that are of no scan: notes.txt" in told.err) == (4, True)
    assert content(tmp_path) == {"notes.txt": b"mine"}
    (tmp_path / "notes.txt").unlink()
    (tmp_path / "scan.json").mkdir()
    told = tool("scan", tiny, text, "-o", tmp_path)
    assert (told.code, "holds files that are of no scan: scan.json" in told.err) == (4, True)


def test_from_python(tiny: Path, text: Path, tmp_path: Path) -> None:
    measured = attnviz.scan(tiny, [text, SAMPLES / "quickstart.txt"], tmp_path / "scan", sample=50)
    assert measured.input.sentences == 50
    assert attnviz.judge(measured).heads
