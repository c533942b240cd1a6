"""Reports on one sentence and few: what it shows in every format, and no verdict; then with one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import attnviz
from attnviz.report import notebook
from attnviz.report.formats import html, json_report, markdown
from attnviz.report.model import Report
from attnviz.report.scores import LEAST_SEEN
from tests.helpers import schemas
from tests.helpers.page import Page
from tests.helpers.tool import Tool

pytestmark = pytest.mark.slow

# The dog that fed the cat slept, for it was tired. It: the dog, by its entity.
ROWS = (
    "1 The 2 det DET Entity=(e1",
    "2 dog 3 nsubj NOUN Entity=e1)",
    "3 saw 0 root VERB _",
    "4 the 5 det DET Entity=(e2",
    "5 cat 3 obj NOUN Entity=e2)",
    "6 as 8 mark SCONJ _",
    "7 it 8 nsubj PRON Entity=(e1)",
    "8 ran 3 advcl VERB _",
    "9 . 3 punct PUNCT _",
)
LINES = [
    "The dog sat on the mat.",
    "A cat saw the bird.",
    "Then it ran by the tree!",
    "The bird sat by the tree.",
    "It saw a dog and a cat.",
]
FEW: dict[str, Any] = {"illustrate": 1, "resamples": 200}


def told(found: Report) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json_report.write(found, ()))
    schemas.validate(made)
    return made


def verdicts(made: dict[str, Any]) -> set[str | None]:
    return {score["verdict"] for head in made["heads"] for score in head["roles"].values()}


@pytest.fixture(scope="module")
def treebank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("banks") / "one.conllu"
    rows = []
    for row in ROWS:
        number, form, head, relation, upos, misc = row.split()
        rows.append("\t".join([number, form, form, upos, "_", "_", head, relation, "_", misc]))
    path.write_text("# global.Entity = eid\n" + "\n".join(rows) + "\n\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("count", [1, 2, 4])
def test_few_sentences_have_no_verdict_in_any_format(tiny: Path, count: int) -> None:
    made = attnviz.analyze(tiny, LINES[:count], **FEW)
    data = told(made)
    assert verdicts(data) == {None}
    assert not made.judged
    assert all(role["heads"] == [] for role in data["roles"])
    assert all(head.found == () for head in made.heads)
    assert not any("entative" in finding["text"] for finding in data["findings"])
    assert "too few for intervals, so there are no verdicts" in data["warnings"][0]
    for text in (markdown.write(made, ()).decode(), html.write(made, ()).decode()):
        assert "nothing about other text: intervals and verdicts take 5 sentences" in text
        assert "only tentative" not in text
        assert not re.search(r"[>|] ?None ?[<|]", text)
    shown = Page(notebook.first_screen(made)).text
    assert "None" not in shown
    assert "tentative" not in shown
    assert "'no'" not in repr(made.heads[0].roles)


def test_five_sentences_have_verdicts(tiny: Path) -> None:
    data = told(attnviz.analyze(tiny, LINES, **FEW))
    assert verdicts(data) <= {"tentative", "no", None}
    assert "no" in verdicts(data)
    assert data["findings"][0]["first"]
    assert all(role["seen"] == [] or role["heads"] == [] for role in data["roles"])


def test_heads_seen_are_above_chance_by_more_than_the_margin_the_best_first(tiny: Path) -> None:
    made = attnviz.analyze(tiny, LINES[:1], **FEW)
    for role in made.roles:
        scores = [made.head(*place).roles[role.name] for place in role.seen]
        assert all((one.score or 0.0) - (one.chance or 0.0) > role.margin for one in scores)
        assert all(one.events >= LEAST_SEEN for one in scores)
        ranks = [one.rank for one in scores]
        assert ranks == sorted(ranks, reverse=True)
        seen = {(head.layer, head.head) for head in made.heads if role.name in head.seen}
        assert seen == set(role.seen)


def test_the_terminal_shows_a_dash_and_one_line_that_says_why(
    tool: Tool, tiny: Path, tmp_path: Path
) -> None:
    text = tmp_path / "one.txt"
    text.write_text("The dog sat on the mat.\n", encoding="utf-8")
    done = tool("report", tiny, text, "-o", tmp_path / "out", "--illustrate", "0")
    assert done.code == 0
    assert "tentative" not in done.out
    assert "Verdict" not in done.out
    assert "intervals and verdicts take 5 sentences" in " ".join(done.out.split())


def test_one_annotated_sentence_tells_one_story_and_true_reasons(
    tiny: Path, treebank: Path
) -> None:
    made = attnviz.analyze(tiny, treebank, **FEW)
    data = told(made)
    (row,) = made.relations
    ranked = sorted(made.heads, key=lambda head: head.roles["coreference"].rank, reverse=True)
    assert row.heads == ((ranked[0].layer, ranked[0].head),)
    assert (row.events, row.sentences, row.verdict, row.held_out) == (1, 1, None, False)
    assert row.score == ranked[0].roles["coreference"].score
    reasons = {role["name"]: role["absent"] for role in data["roles"]}
    assert reasons["dep"] == (
        "It needs a relation that occurs 20 times; the most frequent of this text, det, occurs "
        "2 times."
    )


def test_an_annotation_without_a_pair_says_so(tiny: Path, treebank: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.conllu"
    alone.write_text(
        treebank.read_text(encoding="utf-8").replace("Entity=(e1)", "Entity=(e3)"),
        encoding="utf-8",
    )
    made = attnviz.analyze(tiny, alone, **FEW)
    reasons = {role.name: role.absent for role in made.roles}
    assert reasons["coreference"] == (
        "It needs an entity that a sentence mentions twice; in this text none is."
    )


def test_without_annotation_the_reason_is_that(tiny: Path) -> None:
    made = attnviz.analyze(tiny, LINES, **FEW)
    reasons = {role.name: role.absent for role in made.roles}
    assert reasons["dep"] == (
        "It needs dependency annotation: a .conllu file, or --annotate spacy."
    )
