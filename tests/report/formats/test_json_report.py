from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jsonschema
import numpy as np
import pytest

from attnviz.report.formats import json_report
from tests.helpers import example, schemas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.figures.picture import Picture
    from attnviz.report.model import Report

pytestmark = pytest.mark.slow


def read(made: Report, pictures: Sequence[Picture] = ()) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(json_report.write(made, pictures))
    return told


@pytest.mark.parametrize(
    "made",
    [
        example.report(),
        example.report(hostile=True),
        example.bare(),
        example.translation(),
        example.translation(hostile=True),
        example.document(),
    ],
)
def test_a_report_fits_its_schema(made: Report) -> None:
    schemas.validate(read(made, example.pictures(made)))


def test_the_schema_is_strict() -> None:
    told = read(example.report())
    told["heads"][0]["roles"]["self"]["p_value"] = 0.05
    with pytest.raises(jsonschema.ValidationError, match="p_value"):
        schemas.validate(told)


def test_the_parts_that_others_rely_on() -> None:
    made = example.report()
    told = read(made, example.pictures(made))
    assert told["schema"] == "attnviz.report/1"
    assert told["model"]["key_value_heads"] == 12
    assert told["input"]["files"][0]["sha256"]
    head = next(head for head in told["heads"] if (head["layer"], head["head"]) == (1, 1))
    assert set(head["roles"]["previous-token"]) == {
        "score", "chance", "lift", "baseline", "against", "low", "high", "margin_low",
        "events", "sentences", "verdict", "variant", "mass",
    }  # fmt: skip
    assert head["roles"]["previous-token"]["verdict"] == "supported"
    assert set(head["statistics"]["entropy"]) == {"mean", "low", "high"}
    assert told["sentences"][0]["words"][0] == {"text": "the", "start": 1, "end": 2}
    assert np.shape(told["similarity"]["dissimilarity"]) == (72, 72)
    assert told["figures"][0] == {
        "path": "figures/role-map",
        "title": "role-map",
        "caption": "The finding first. Rows are queries, columns keys.",
    }


def test_numbers_come_back_to_six_significant_digits() -> None:
    made = example.report()
    told = read(made)
    for head, as_told in zip(made.heads, told["heads"], strict=True):
        for name, score in head.roles.items():
            assert as_told["roles"][name]["score"] == pytest.approx(score.score, rel=5e-6)


def test_what_was_not_measured_is_null() -> None:
    told = read(example.report())
    assert told["heads"][0]["statistics"]["distance"] == {"mean": None, "low": None, "high": None}
    assert "NaN" not in json_report.write(example.report(), ()).decode()


def test_hostile_text_comes_back_as_it_was_but_for_lone_surrogates() -> None:
    told = read(example.report(hostile=True))
    assert told["model"]["name"] == example.HOSTILE.replace("\ud800", "\ufffd")


def test_scores_and_matrix_rows_have_a_line_each() -> None:
    lines = json_report.write(example.report(), ()).decode().splitlines()
    scores = [line for line in lines if line.lstrip().startswith('"previous-token": {')]
    assert len(scores) == 72
    assert all(line.rstrip(",").endswith("}") for line in scores)
    assert max(map(len, lines)) < 2000
    first = next(number for number, line in enumerate(lines) if '"dissimilarity"' in line)
    assert len(json.loads(lines[first + 1].rstrip(","))) == 72


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float32("nan")])
def test_no_value_breaks_json(value: float | None) -> None:
    made = example.report(sentences=1)
    broken = replace(made, sentences=(replace(made.sentences[0], drift=value),))
    assert read(broken)["sentences"][0]["drift"] is None


def test_keys_are_sorted() -> None:
    text = json_report.write(example.report(), ()).decode()
    sorted_text = json.dumps(json.loads(text), sort_keys=True)
    assert json.dumps(json.loads(text)) == sorted_text


def test_what_belongs_to_a_part_says_so() -> None:
    made = example.translation()
    told = read(made, example.pictures(made))
    for name in ("roles", "layers", "heads", "sentences"):
        assert {one["attention"] for one in told[name]} == {"encoder", "decoder", "cross"}
    assert len(told["heads"]) == 3 * 36
    assert told["similarity"] is None
    assert np.shape(told["parts"]["cross"]["similarity"]["dissimilarity"]) == (36, 36)
    texts = [finding["text"] for finding in told["findings"]]
    assert len(texts) == len(set(texts))
    assert [statistic["name"] for statistic in told["statistics"]] == [
        "entropy", "distance", "confidence",
    ]  # fmt: skip
    assert {figure["path"].split("/")[1] for figure in told["figures"]} == set(told["parts"])


def test_cross_attention_names_its_keys() -> None:
    told = read(example.translation())
    first = next(one for one in told["sentences"] if one["attention"] == "cross")
    assert len(first["received"]) == len(first["keys"]) == len(first["special_keys"])
    assert len(first["keys"]) == len(first["tokens"]) + 1
    assert first["rollout"] == []
    assert first["generated_from"] == 0


def test_one_stack_says_nothing_of_parts() -> None:
    told = read(example.report())
    assert "parts" not in told
    assert not any("attention" in one for name in ("heads", "findings") for one in told[name])
    assert not {"keys", "special_keys", "generated_from"} & set(told["sentences"][0])


def test_heads_that_share_keys_have_one_key_head() -> None:
    told = read(example.document())
    layer = [head for head in told["heads"] if head["layer"] == 1]
    assert [head["key_head"] for head in layer] == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert told["layers"][0] == {"layer": 1, "heads": 12, "key_heads": 4, "window": 128}
    assert len(told["sentences"][0]["received"]) == 4000


def test_the_matrices_of_parts_have_a_line_for_each_row() -> None:
    lines = json_report.write(example.translation(), ()).decode().splitlines()
    rows = [line for line in lines if line.startswith("          [0.0, ")]
    assert len(rows) == 3
