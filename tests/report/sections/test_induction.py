"""Induction on repeated random tokens, as each format tells it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from attnviz.findings.findings import findings
from attnviz.report.formats import html, json_report, markdown
from attnviz.report.numbers import estimate
from attnviz.report.sections import induction
from tests.helpers import example
from tests.helpers.page import Page

if TYPE_CHECKING:
    from attnviz.report.model import Finding, Report

pytestmark = pytest.mark.slow

TITLE = "Induction on repeated random tokens"


def section(made: Report) -> str:
    """The section of the Markdown report."""
    text = markdown.write(made, ()).decode()
    return text.partition(f"## {TITLE}\n")[2].partition("\n## ")[0]


def page(made: Report) -> Page:
    return Page(html.write(made, ()).decode())


def test_a_decoder_shows_its_heads_with_copying_beside_its_chance() -> None:
    text = section(example.document())
    assert "10 draws of 25 random tokens from the model's own vocabulary (seed 0)" in text
    assert "each draw 4 times over" in text
    assert "3 of 48 heads are supported" in text
    assert "| Copying | Lifted (chance) |" in text
    assert (
        "| L5H11 | 0.93 [0.89, 0.96] | 0.021 | 0.048 previous token | 0.74 [0.71, 0.77] "
        "| 0.98 [0.97, 0.99] (0.47) | 0."
    ) in text
    assert "at 1 it raises no others, at −1 only others, and 0 is chance" in text
    assert "only earlier ones count" not in text


def test_an_encoder_sees_later_copies_and_has_no_copying() -> None:
    text = section(example.report())
    assert "This model sees later copies too; only earlier ones count." in text
    assert "was not measured: the model has no logits of a next token." in text
    assert "| Head | Prefix matching | Chance | Baseline | Running text |" in text


def test_the_best_ten_have_a_row_the_best_first() -> None:
    made = example.report()
    found = induction.of(made)
    assert found is not None
    assert found.table is not None
    assert [row[0].text for row in found.table.rows] == [f"L5H{k}" for k in range(11, 1, -1)]
    assert "12 of 72 heads are supported" in section(made)
    assert "Here are the best 10, the others in report.json." in section(made)
    assert "Here are" not in section(example.document())


def test_running_text_stands_beside_it_where_the_role_was_measured() -> None:
    made = example.report()
    found = induction.of(made)
    assert found is not None
    assert found.table is not None
    assert found.table.columns[-1].title == "Running text"
    best = made.head(5, 11).roles["induction"]
    assert found.table.rows[0][-1].text == estimate(best.score, best.low, best.high)
    heads = tuple(replace(head, roles={}) for head in made.heads)
    roles = tuple(replace(role, heads=()) for role in made.roles)
    unmeasured = replace(made, heads=heads, roles=roles)
    assert "Running text |" not in section(unmeasured)
    assert "Running text" not in page(unmeasured).text


def test_where_no_head_is_supported_one_sentence_says_so() -> None:
    made = example.bare()
    assert "None of 12 heads is supported; the highest prefix matching is that of" in section(made)
    assert "0.060 [0.020, 0.090] against previous token 0.048 + 0.1." in section(made)
    assert "|" not in section(made)
    assert "None of 12 heads is supported" in page(made).text
    assert not any(one.kind == "induction" for one in _told(made))


@pytest.mark.parametrize("hostile", [False, True])
def test_an_encoder_decoder_model_says_why_it_has_none(hostile: bool) -> None:
    made = example.translation(hostile=hostile)
    assert section(made).strip().startswith("Not measured. ")
    assert "|" not in section(made).replace(r"\|", "")
    found = page(made)
    assert f"{TITLE}\nNot measured. {made.no_induction[:9]}" in found.text
    assert {"href": "#induction"} in found.all("a")
    assert json.loads(json_report.write(made, ()))["induction"] is None


def test_the_page_has_the_section_once_and_links_its_heads() -> None:
    found = page(example.document())
    assert found.text.count(TITLE) == 1
    assert {"href": "#induction"} in found.all("a")
    assert {"class": "head", "href": "#L5H11"} in found.all("a")
    assert "0.74" in found.text
    assert "Lifted (chance)" in found.text
    assert "0.98 [0.97, 0.99] (0.47)" in found.text


def test_json_has_every_head() -> None:
    told = json.loads(json_report.write(example.document(), ()))["induction"]
    assert {key: value for key, value in told.items() if key != "heads"} == {
        "draws": 10, "tokens": 25, "repeats": 4, "queries": 750, "margin": 0.1,
    }  # fmt: skip
    assert len(told["heads"]) == 48
    assert told["heads"][-1] == {
        "layer": 5,
        "head": 11,
        "prefix_matching": {"score": 0.93, "low": 0.89, "high": 0.96, "chance": 0.021},
        "baseline": 0.048,
        "against": "previous-token",
        "margin_low": 0.84,
        "copying": {"score": 0.74, "low": 0.71, "high": 0.77, "chance": 0.0},
        "lifted": {"score": 0.98, "low": 0.97, "high": 0.99, "chance": 0.47},
        "verdict": "supported",
    }
    assert told["heads"][0]["verdict"] == "no"


def test_a_finding_names_the_strongest() -> None:
    found = next(one for one in _told(example.document()) if one.kind == "induction")
    assert found.text == (
        "3 of 48 heads look at what followed a token's earlier copies when random tokens repeat "
        "(induction); L5H11 most of all, with 0.93 [0.89, 0.96] of its attention (previous token "
        "0.048)."
    )
    assert found.heads == ((5, 11), (5, 10), (5, 9))


def _told(made: Report) -> tuple[Finding, ...]:
    return findings(made.heads, made.roles, made.similarity, made.induction)
