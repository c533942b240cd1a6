"""Groups of a corpus: their sums are those of the whole, and what surely differs is told."""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import attnviz
from attnviz.corpus import grouping
from attnviz.corpus.groups import names
from attnviz.corpus.merge import merge
from attnviz.corpus.options import Part
from attnviz.corpus.records import Fields
from attnviz.errors import AttnvizError, InputError, UnfinishedError, UsageError
from attnviz.measurement.measurement import Measurement
from attnviz.text.types import digest_of
from tests.conftest import SAMPLES
from tests.helpers.corpora import measurement, scanned, sentences, small_pilot, write_lines
from tests.helpers.tool import Tool, content, start

pytestmark = pytest.mark.slow

BY_SIDE = Fields("text", group="side")


@pytest.fixture(scope="module", autouse=True)
def _small() -> Iterator[None]:
    with small_pilot(60, shard=40):
        yield


def records(path: Path, texts: list[str], **fields: list[Any]) -> Path:
    """JSON Lines of texts, and of fields with a value each."""
    names, columns = ("text", *fields), (texts, *fields.values())
    lines = [json.dumps(dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True)]
    return write_lines(path, lines)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three shards beyond the pilot; every third sentence has no more than four words."""
    short = [place % 3 == 0 for place in range(157)]
    texts = [
        f"{' '.join(text.rstrip('.').split()[:4])}." if cut else text
        for text, cut in zip(sentences(157), short, strict=True)
    ]
    sides = ["short" if cut else "long" for cut in short]
    return records(tmp_path_factory.mktemp("corpus") / "corpus.jsonl", texts, side=sides)


@pytest.fixture(scope="module")
def whole(tiny: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scans") / "whole"
    scanned(tiny, corpus, into=folder, fields=BY_SIDE)
    return folder


def group(folder: Path, name: str) -> Measurement:
    return Measurement.from_bytes((folder / "groups" / f"{name}.safetensors").read_bytes())


def test_the_sum_of_the_groups_is_the_whole_to_the_byte(whole: Path) -> None:
    total, short, long = measurement(whole), group(whole, "short"), group(whole, "long")
    assert (short.input.sentences, long.input.sentences) == (53, 104)
    together = replace(long + short, warnings=total.warnings)
    assert together.to_bytes() == total.to_bytes()
    assert short.warnings == ("Only the sentences whose side is short.",)
    assert attnviz.judge(short).heads  # a group has a report of its own


def test_the_whole_is_that_of_a_scan_without_groups(
    tiny: Path, corpus: Path, whole: Path, tmp_path: Path
) -> None:
    scanned(tiny, corpus, into=tmp_path, fields=Fields("text"))
    ours, theirs = measurement(whole).streams[""], measurement(tmp_path).streams[""]
    assert ours.units.digests.tolist() == theirs.units.digests.tolist()
    assert ours.columns.keys() == theirs.columns.keys()
    for name, sums in ours.columns.items():
        np.testing.assert_allclose(sums.mass, theirs.columns[name].mass, atol=1e-4)
        np.testing.assert_array_equal(sums.denominator, theirs.columns[name].denominator)


def test_a_planted_difference_is_certain_and_told(
    tiny: Path, corpus: Path, whole: Path, tool: Tool, tmp_path: Path
) -> None:
    done = scanned(tiny, corpus, into=whole, fields=BY_SIDE)
    told = done.groups
    assert told is not None
    assert [(each.value, each.file) for each in told.groups] == [
        ("long", "groups/long.safetensors"),
        ("short", "groups/short.safetensors"),
    ]
    assert told.compared > told.certain > 0
    by_measure = {(each.measure, each.head): each for each in told.differences}
    entropy = by_measure["entropy", (0, 0)]
    long, short = (
        attnviz.judge(group(whole, name)).heads[0].statistics["entropy"].mean or 0.0
        for name in ("long", "short")
    )
    assert entropy.group == "long"
    assert (entropy.value, entropy.others) == pytest.approx((long, short))
    assert entropy.difference == pytest.approx(long - short)
    assert entropy.low is not None
    assert entropy.sure_low < entropy.low < entropy.difference
    assert "By side: long 104 sentences, short 53 sentences" in done.text()
    assert "are certain. The largest: L" in done.text()
    assert done.json()["groups"]["certain"] == told.certain

    assert tool("report", "--from", whole, "-o", tmp_path / "out").code == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["groups"]["differences"][0]["measure"] == told.differences[0].measure
    for name in ("report.html", "report.md"):
        page = (tmp_path / "out" / name).read_text()
        assert "Differences by side" in page
        assert "Strangest sentences" in page

    again = tool("report", "--from", tmp_path / "out", "--without-text", "-o", tmp_path / "again")
    assert again.code == 0
    remade = json.loads((tmp_path / "again" / "report.json").read_text())
    assert remade["groups"] == report["groups"]
    assert remade["strangest"] == report["strangest"]


def differing_by_lot(model: Path | str, groups_of: int, corpora: int, resamples: int) -> int:
    """In how many corpora anything is called certain, of groups that are drawn by lot."""
    from attnviz.settings import Settings
    from attnviz.steps.groups import group_differences

    measured = attnviz.measure(model, SAMPLES / "quickstart.txt")
    (sums,) = measured.streams.values()
    rng, settings = np.random.default_rng(1), Settings(resamples=resamples)
    wrong = 0
    for _ in range(corpora):
        of_unit = rng.integers(0, groups_of, len(sums.units))
        groups = {
            str(value): replace(
                measured, streams={"": sums.selected(np.flatnonzero(of_unit == value))}
            )
            for value in range(groups_of)
        }
        wrong += any(each.certain for _, each in group_differences(groups, settings))
    return wrong


def test_groups_that_are_drawn_by_lot_seldom_differ(tiny: Path) -> None:
    # 5% of 20 corpora are one; more than three happen in 1.6% of such simulations.
    assert differing_by_lot(tiny, 2, 20, 200) <= 3


@pytest.mark.soak
@pytest.mark.parametrize("groups_of", [2, 3])
def test_many_corpora_that_are_grouped_by_lot(groups_of: int) -> None:
    wrong = differing_by_lot("minilm", groups_of, 200, 500)
    print(f"{groups_of} groups by lot: a difference is called certain in {wrong} of 200 corpora")
    assert wrong <= 18  # more than that happens in 1% of such simulations


def test_goes_on_where_it_stopped(tiny: Path, corpus: Path, whole: Path, tmp_path: Path) -> None:
    stops = 0
    while True:
        try:
            scanned(tiny, corpus, into=tmp_path, fields=BY_SIDE, seconds=0.0)
        except UnfinishedError:
            stops += 1
        else:
            break
    assert stops == 2
    assert content(tmp_path) == content(whole)
    with pytest.raises(UsageError, match="--group is side, and now is not given"):
        scanned(tiny, corpus, into=tmp_path, fields=Fields("text"))


@pytest.mark.soak
def test_killed_at_random_moments(tiny: Path, corpus: Path, tmp_path: Path) -> None:
    command: list[str | Path] = ["scan", tiny, corpus, "--field", "text", "--group", "side", "-o"]
    began = time.monotonic()
    with start(*command, tmp_path / "whole") as run:
        assert run.wait(timeout=120) == 0
    took, kills = time.monotonic() - began, 0
    for seed in range(20):
        chance = random.Random(seed)  # noqa: S311 - for no secret
        folder = tmp_path / str(seed)
        for _ in range(3):
            with start(*command, folder) as run:
                try:
                    run.wait(timeout=chance.uniform(0.6, 1.0) * took)
                except subprocess.TimeoutExpired:
                    run.kill()
                    kills += 1
        with start(*command, folder) as run:
            assert run.wait(timeout=120) == 0
        assert content(folder) == content(tmp_path / "whole")
    print(f"killed {kills} times")


def test_parts_add_up_to_the_bytes_of_the_whole(
    tiny: Path, corpus: Path, whole: Path, tmp_path: Path
) -> None:
    parts = [tmp_path / str(number) for number in (1, 2)]
    for number, folder in enumerate(parts, 1):
        done = scanned(tiny, corpus, into=folder, fields=BY_SIDE, part=Part(number, 2))
        assert done.groups is not None
        assert done.groups.reason.startswith("Parts are not compared")
    merge(parts[::-1], tmp_path / "both")
    ours, theirs = content(tmp_path / "both"), content(whole)
    for name in ("groups/long.safetensors", "groups/short.safetensors", *theirs):
        assert ours[name] == theirs[name], name
    scanned(tiny, corpus, into=tmp_path / "plain", fields=Fields("text"), part=Part(1, 2))
    with pytest.raises(UsageError, match=r"is grouped by side, and .* is not grouped"):
        merge([parts[0], tmp_path / "plain"], tmp_path / "other")


def test_right_and_wrong_predictions(tmp_path: Path) -> None:
    """What it has not learned, two negations, it gets wrong; labels may be numbers."""
    texts = [
        "the dinner was lovely .",
        "the dinner was hardly bad .",
        "i would not say that the story was hardly funny .",
    ]
    path = records(tmp_path / "texts.jsonl", texts, label=["positive", 1, "1"])
    model = SAMPLES / "sentiment" / "model"
    done = scanned(model, path, into=tmp_path / "scan", fields=Fields("text", label="label"))
    assert "By prediction of label: right 2 sentences, wrong 1 sentence" in done.text()
    wrong, right = group(tmp_path / "scan", "wrong"), group(tmp_path / "scan", "right")
    assert wrong.streams[""].units.digests.tolist() == [digest_of(texts[2])]
    assert right.streams[""].units.digests.tolist() == sorted(map(digest_of, texts[:2]))


def refusal(model: Path, path: Path, into: Path, fields: Fields) -> AttnvizError:
    with pytest.raises(AttnvizError) as caught:
        scanned(model, path, into=into, fields=fields)
    assert not into.exists()
    return caught.value


def test_what_cant_be_grouped(tiny: Path, text: Path, tmp_path: Path) -> None:
    path = records(tmp_path / "many.jsonl", sentences(30), n=list(range(30)), x=[[1]] * 30)
    error = refusal(tiny, path, tmp_path / "scan", Fields("text", group="n"))
    assert error.message == "--group n has more than 20 values: 0, 1, 2, 3, 4, …"
    assert "at most 20 values" in error.hint
    error = refusal(tiny, path, tmp_path / "scan", Fields("text", group="side"))
    assert error.message == "many.jsonl, line 1 has no field side; it has text, n, x."
    assert error.hint.startswith("--group names a field that every record has.")
    error = refusal(tiny, path, tmp_path / "scan", Fields("text", group="nn"))
    assert error.hint.startswith("Did you mean --group n?")
    error = refusal(tiny, path, tmp_path / "scan", Fields("txt"))
    assert error.hint.startswith("Did you mean --field text?")
    error = refusal(tiny, path, tmp_path / "scan", Fields("text", id="nm"))
    assert error.message == "many.jsonl, line 1 has no field nm; it has text, n, x."
    error = refusal(tiny, path, tmp_path / "scan", Fields("text", group="x"))
    assert error.message == "many.jsonl, line 1 has list in the field x."
    error = refusal(tiny, text, tmp_path / "scan", Fields(group="side"))
    assert error.message == "animals.txt holds no records, and so no field side."
    error = refusal(tiny, path, tmp_path / "scan", Fields("text", label="n"))
    assert isinstance(error, InputError)
    assert "tiny gives a text no label" in error.message
    with pytest.raises(UsageError, match="--group and --label don't go together"):
        Fields("text", group="side", label="n")
    path = records(tmp_path / "labels.jsonl", ["it ran"], label=["neutral"])
    sentiment = SAMPLES / "sentiment" / "model"
    error = refusal(sentiment, path, tmp_path / "scan", Fields("text", label="label"))
    assert error.message.endswith("line 1 has the label 'neutral', which the model does not know.")
    assert "negative, positive" in error.hint


def test_tables_and_files_are_grouped_too(tiny: Path, tmp_path: Path) -> None:
    table = tmp_path / "texts" / "table.csv"
    write_lines(
        table, ["text,side", *(f"{text},{place % 2}" for place, text in enumerate(sentences(6)))]
    )
    write_lines(tmp_path / "texts" / "plain.txt", sentences(4))
    fields = Fields("text", group="source")
    done = scanned(tiny, tmp_path / "texts", into=tmp_path / "files", fields=fields)
    assert done.groups is not None
    assert [(each.value, each.sentences) for each in done.groups.groups] == [
        ("plain.txt", 4),
        ("table.csv", 6),
    ]
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {"text": sentences(6), "side": [0, 1] * 3}
    parquet.write_table(pytest.importorskip("pyarrow").table(columns), tmp_path / "table.parquet")
    read = scanned(tiny, tmp_path / "table.parquet", into=tmp_path / "parquet", fields=BY_SIDE)
    done = scanned(tiny, table, into=tmp_path / "sides", fields=BY_SIDE)
    assert read.groups == done.groups
    assert done.groups is not None
    assert [(each.value, each.sentences) for each in done.groups.groups] == [("0", 3), ("1", 3)]
    assert done.groups.reason.startswith("There are too few sentences")
    error = refusal(tiny, table, tmp_path / "scan", Fields("text", group="sides"))
    assert "table.csv has no column sides" in error.message
    assert error.hint == "Did you mean --group side? --keep-going sets aside what can't be read."


def test_groups_have_files_of_harmless_names() -> None:
    assert names(["a", "b-1"]) == {"a": "groups/a.safetensors", "b-1": "groups/b-1.safetensors"}
    named = names(["A", "a", "../x", "", "ü"])
    assert len({name.casefold() for name in named.values()}) == 5
    assert named["../x"].startswith("groups/x-")
    assert all(name.count("/") == 1 for name in named.values())


def test_places_of_a_shard_by_group() -> None:
    assert grouping._sorted(["b", "a", "b"]) == {"a": [1], "b": [0, 2]}


def test_rows_name_the_group_of_each_sentence(tiny: Path, corpus: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    scanned(tiny, corpus, into=tmp_path, fields=BY_SIDE, rows=True)
    table = parquet.read_table(tmp_path / "rows")
    assert table.column_names[:5] == ["sentence", "source", "line", "group", "stream"]
    groups = dict(zip(table["sentence"].to_pylist(), table["group"].to_pylist(), strict=True))
    records_of = [json.loads(line) for line in corpus.read_text().splitlines()]
    assert groups == {at: record["side"] for at, record in enumerate(records_of, 1)}
