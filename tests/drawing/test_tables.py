"""Weights as files: every cell is where its row says, and hostile tokens come back as they were."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from attnviz.drawing import tables
from attnviz.drawing.choose import Chosen, choose
from attnviz.drawing.settings import DrawSettings
from attnviz.drawing.side import Side
from attnviz.drawing.weights import Weights
from attnviz.errors import UsageError
from attnviz.text.showable import showable
from tests.helpers.weights import FIRST, tokens, weights


def rows(chosen: Chosen) -> list[dict[str, str]]:
    text = tables.csv(tables.long_table(chosen)).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def chosen(**settings: Any) -> Chosen:
    return choose(weights(), DrawSettings(**settings))


def test_a_row_for_every_weight() -> None:
    found = rows(chosen())
    assert len(found) == 4 * 6 * 6
    assert found[36 + 6 * 3 + 1] == {
        "layer": "0",
        "head": "1",
        "name": "L0H1",
        "query": "3",
        "query_token": "##nap",
        "key": "1",
        "key_token": "the",
        "weight": "1.0",
    }
    assert np.array([row["weight"] for row in found[36:72]], np.float32).tolist() == (
        FIRST.ravel().tolist()
    )


def test_a_mean_is_of_no_head_and_the_lens_keeps_the_places() -> None:
    first = rows(chosen(mean="all", lens="content"))[0]
    assert (first["layer"], first["head"], first["name"]) == ("", "", "all heads")
    assert (first["query"], first["query_token"]) == ("1", "the")


def test_the_rows_of_one_word() -> None:
    found = rows(chosen(heads="L0H1", query="cat##nap"))
    assert [row["query"] for row in found] == ["2"] * 6 + ["3"] * 6
    assert found[7]["weight"] == "1.0"


HOSTILE = ['a,"b"', "=HYPERLINK(1)", "l1\nl2\r", "\x1b[31m", "</script>", "'", "", "é🦀", "-1"]


def test_hostile_tokens_are_read_back_as_they_are_shown() -> None:
    shown = [showable(text) for text in HOSTILE]
    made = tokens("a b c d e f g h i")
    labels = tuple(
        replace(label, text=text) for label, text in zip(made.labels, shown, strict=True)
    )
    side = Side.of(replace(made, labels=labels))
    one = Weights("m", "t", side, side, ((0, 0),), np.full((1, 9, 9), 1 / 9, np.float32), {0: 1})
    found = choose(one, DrawSettings())
    data = tables.csv(tables.long_table(found))
    assert [row["key_token"] for row in rows(found)[:9]] == shown
    assert data.count(b"\n") == 9 * 9 + 1
    assert b"\x1b" not in data
    assert b"\r" not in data
    table = pytest.importorskip("pyarrow.parquet").read_table(
        io.BytesIO(tables.parquet(tables.long_table(found)))
    )
    assert table["key_token"].to_pylist()[:9] == shown


def test_matrices_without_pickles() -> None:
    with np.load(io.BytesIO(tables.npz(chosen())), allow_pickle=False) as found:
        assert found["weights"].dtype == np.float32
        assert found["weights"].shape == (2, 2, 6, 6)
        assert (found["weights"][0, 1] == FIRST).all()
        assert found["names"].tolist() == [["L0H0", "L0H1"], ["L1H0", "L1H1"]]
        assert found["tokens"].tolist() == ["[CLS]", "the", "cat", "##nap", "The", "[SEP]"]
    with np.load(io.BytesIO(tables.npz(chosen(mean="heads", lens="content")))) as found:
        assert found["weights"].shape == (2, 4, 4)
        assert found["names"].tolist() == ["layer 0", "layer 1"]
        assert found["key"].tolist() == [1, 2, 3, 4]
        assert found["removed"].shape == (2,)
        assert found["model"] == "model"
    assert tables.npz(chosen()) == tables.npz(chosen())


def test_heads_that_make_no_grid_are_a_list() -> None:
    with np.load(io.BytesIO(tables.npz(chosen(heads="L0H0,L0H1,L1H0")))) as found:
        assert found["weights"].shape == (3, 6, 6)
        assert found["names"].tolist() == ["L0H0", "L0H1", "L1H0"]


def test_parquet_and_data_frames_are_the_same_table() -> None:
    pandas = pytest.importorskip("pandas")
    table = tables.long_table(chosen(mean="heads"))
    frame = tables.frame(table)
    assert list(frame.columns) == list(table)
    assert str(frame["head"].dtype) == "Int64"
    assert frame["head"].isna().all()
    again = pandas.read_parquet(io.BytesIO(tables.parquet(table)))
    assert again["weight"].tolist() == frame["weight"].tolist()
    assert tables.parquet(table) == tables.parquet(table)


def test_masses() -> None:
    table = tables.mass_table(weights().mass("The", "cat"), "The", "cat")
    lines = tables.csv(table).decode().splitlines()
    assert lines[0] == "name,layer,head,from,to,mass"
    assert lines[1].startswith("L0H1,0,1,The,cat,0.2000000")


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    for call in (tables.parquet, tables.frame):
        with pytest.raises(UsageError, match=r"needs? the extra `frames`") as caught:
            call({"a": ["b"]})
        assert caught.value.hint == 'Run: pip install "attnviz[frames]"'
