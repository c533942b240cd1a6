"""Flat tables hold what report.json holds, a row a head, a role of a head, a sentence."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest

from attnviz.report import tables
from attnviz.report.formats import json_report
from attnviz.report.model import Report, RoleScore
from attnviz.report.predictions import Answer, Choice, Prediction
from attnviz.report.tables import FlatTable
from tests.helpers import example

MADE = [
    example.report(hostile=True),
    example.translation(hostile=True),
    example.document(),
    example.bare(),
]


def told(made: Report) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(json_report.write(made, ()))
    return values


def records(table: FlatTable) -> list[dict[str, Any]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def test_a_head_is_a_row() -> None:
    first, *_ = records(tables.heads(example.report()))
    assert {name: first[name] for name in ("name", "attention", "layer", "head")} == {
        "name": "L0H0",
        "attention": "",
        "layer": 0,
        "head": 0,
    }
    assert first["entropy_low"] < first["entropy"] < first["entropy_high"]
    assert (first["distance"], first["key_head"]) == (None, None)  # neither is known


@pytest.mark.parametrize("made", MADE)
def test_heads_are_those_of_the_report(made: Report) -> None:
    written = told(made)
    names = [each["name"] for each in written["statistics"]]
    unknown = {"mean": None, "low": None, "high": None}
    assert records(tables.heads(made)) == [
        {
            "name": head["name"],
            "attention": head.get("attention", ""),
            "layer": head["layer"],
            "head": head["head"],
            "key_head": head.get("key_head"),
        }
        | {
            f"{name}{end}": head["statistics"].get(name, unknown)[key]
            for name in names
            for key, end in (("mean", ""), ("low", "_low"), ("high", "_high"))
        }
        for head in written["heads"]
    ]


@pytest.mark.parametrize("made", MADE)
def test_roles_are_those_of_the_report(made: Report) -> None:
    written = told(made)
    margins = {(role.get("attention"), role["name"]): role["margin"] for role in written["roles"]}
    expected = {
        (head.get("attention", ""), head["name"], role): score
        | {
            "margin": margins[head.get("attention"), role],
            "beside": head["beside"].get(role, ""),
        }
        for head in written["heads"]
        for role, score in head["roles"].items()
    }
    rows = records(tables.roles(made))
    found = {(row["attention"], row["name"], row["role"]): row for row in rows}
    assert len(found) == len(rows)
    assert found.keys() == expected.keys()
    for key, score in expected.items():
        assert {name: found[key][name] for name in score} == score


def test_a_role_has_all_that_is_known_of_its_score() -> None:
    assert set(tables.SCORE) == {field.name for field in fields(RoleScore)}


@pytest.mark.parametrize("made", MADE)
def test_sentences_are_those_of_the_report(made: Report) -> None:
    written = told(made)["sentences"]
    rows = records(tables.sentences(made))
    assert len(rows) == len(written)
    for row, sentence in zip(rows, written, strict=True):
        same = ("id", "text", "source", "line", "truncated", "drift")
        assert {name: row[name] for name in same} == {name: sentence[name] for name in same}
        assert row["attention"] == sentence.get("attention", "")
        assert row["generated_from"] == sentence.get("generated_from")
        assert (row["tokens"], row["words"]) == (len(sentence["tokens"]), len(sentence["words"]))
        by_layer = [row[name] for name in row if name.startswith("entropy_L")]
        assert by_layer == sentence["entropy_by_layer"]


def test_what_the_model_says_of_a_sentence_stands_in_its_row() -> None:
    made = example.report(sentences=1)
    answer = Answer((Choice("no", 0.75), Choice("yes", 0.25)), None, (0,), ())
    says = Prediction("label", (answer,), "yes", right=False)
    told_of = replace(made, sentences=(replace(made.sentences[0], prediction=says),))
    [row] = records(tables.sentences(told_of))
    columns = ("predicted", "probability", "label", "right")
    assert [row[name] for name in columns] == ["no", 0.75, "yes", "no"]
    [row] = records(tables.sentences(made))
    assert [row[name] for name in columns] == [None] * 4


def test_parts_of_fewer_layers_have_no_entropy_further_up() -> None:
    made = example.translation(sentences=1)
    encoder = made.part("encoder")
    lone = replace(encoder.sentences[0], entropy_by_layer=(1.5,))
    parts = (replace(encoder, sentences=(lone,)), *made.parts[1:])
    first = records(tables.sentences(replace(made, parts=parts)))[0]
    assert [first[f"entropy_L{layer}"] for layer in range(3)] == [1.5, None, None]


def test_without_verdicts_there_is_none() -> None:
    made = example.report(sentences=1, layers=1)
    roles = {name: replace(score, verdict=None) for name, score in made.heads[0].roles.items()}
    unjudged = replace(made, heads=(replace(made.heads[0], roles=roles),))
    assert {row["verdict"] for row in records(tables.roles(unjudged))} == {None}


def test_what_has_no_rows_has_its_columns() -> None:
    made = replace(example.bare(), heads=(), sentences=(), statistics=())
    empty = tables.every(made)
    assert [table.rows for table in empty] == [(), (), ()]
    full = tables.every(example.report(sentences=1))
    assert list(empty[1].columns) == list(full[1].columns)
    assert set(empty[0].columns) < set(full[0].columns)
