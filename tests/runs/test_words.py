"""A report in words: every number, table and figure of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import attnviz
from attnviz.report.formats import html, json_report, markdown
from attnviz.report.model import Report
from attnviz.report.rerun import command
from tests.conftest import SAMPLES
from tests.helpers.tool import Tool

pytestmark = pytest.mark.slow

TEXT = SAMPLES / "annotated.conllu"
SENTENCES = ["The unbelievable aardvarks didn't eat.", "Discombobulated aardvarks sleep, mostly."]


def found_in(model: str, **settings: Any) -> Report:
    return attnviz.analyze(model, SENTENCES, resamples=100, **settings)


@pytest.fixture(scope="module")
def in_words() -> Report:
    return found_in("minilm", words=True, illustrate=1)


def test_words_stand_where_tokens_stood(in_words: Report) -> None:
    first = in_words.sentences[0]
    assert first.tokens[1:4] == ("The", "unbelievable", "aardvarks")
    assert len(first.received) == len(first.rollout) == len(first.tokens) == len(first.special)
    assert sum(share or 0.0 for share in first.rollout) == pytest.approx(1.0, abs=1e-5)
    assert [span.end - span.start for span in first.words] == [1] * len(first.words)
    assert in_words.input.words == sum(len(one.tokens) for one in in_words.sentences)
    assert in_words.input.words < in_words.input.tokens == found_in("minilm").input.tokens
    [drawn] = in_words.illustrations
    assert [str(label) for label in drawn.labels] == list(in_words.sentences[drawn.id - 1].tokens)
    assert drawn.attention.shape[-1] == len(drawn.labels)


def test_the_report_says_so(in_words: Report) -> None:
    assert "where this report says token, it means word" in html.write(in_words, []).decode()
    assert "where this report says token, it means word" in markdown.write(in_words, []).decode()
    assert '"words": true' in json_report.write(in_words, []).decode()
    assert "--words" in command(in_words)


def test_relations_are_the_same_for_they_are_between_words_anyway(
    treebank: Path, annotated_report: Report
) -> None:
    one = annotated_report
    other = attnviz.analyze("minilm", treebank, words=True, illustrate=0, resamples=100)
    assert [row.role for row in one.relations] == [row.role for row in other.relations]
    for row, same in zip(one.relations, other.relations, strict=True):
        assert row.score == pytest.approx(same.score), row.role
    # A head that looks at the token before looks at the word before, split words or not.
    scores = [found.head(0, 2).roles["previous-token"].score for found in (one, other)]
    assert scores == pytest.approx([1.0, 1.0], abs=0.02)


def test_which_pieces_look_is_a_choice(tool: Tool, tmp_path: Path) -> None:
    last, mean = (found_in("minilm", words=True, pieces=pieces) for pieces in ("last", "mean"))
    assert last.head(1, 8).roles["next-token"].score != mean.head(1, 8).roles["next-token"].score
    text = tmp_path / "text.txt"
    text.write_text("\n".join(SENTENCES))
    bad = tool("report", "minilm", text, "-o", tmp_path / "out", "--pieces", "first")
    assert bad.code == 2
    assert "auto, mean, last" in bad.err.replace("'", "")
