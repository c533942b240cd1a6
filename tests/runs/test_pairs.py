"""Pairs of texts from the command line to the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import attnviz
from attnviz.report.formats import json_report, markdown
from tests.conftest import SAMPLES
from tests.helpers import schemas
from tests.helpers.models import write_model
from tests.helpers.tool import Tool

pytestmark = pytest.mark.slow

PAIRS = "The dog sat.\tA cat saw it!\r\nA bird ran.\tThen it was red, the tree.\r\n"
HOSTILE = "</script><b>\t[/INST] ‖ {{ 7 * 7 }}\n"


def test_a_report_on_pairs(tool: Tool, tiny: Path, tmp_path: Path) -> None:
    text = tmp_path / "pairs.tsv"
    text.write_text(PAIRS + HOSTILE, encoding="utf-8", newline="")
    out = tmp_path / "out"
    done = tool("report", tiny, text, "--split", "pair", "-o", out, "--illustrate", "1")
    assert done.code == 0, done.err
    told = json.loads((out / "report.json").read_text(encoding="utf-8"))
    schemas.validate(told)
    first = told["sentences"][0]
    assert first["text"] == "The dog sat. ‖ A cat saw it!"
    assert first["pair"] == ["The dog sat.", "A cat saw it!"]
    assert first["segments"][:6] == [None, 0, 0, 0, 0, None]
    assert len(first["segments"]) == len(first["tokens"])
    role = told["heads"][0]["roles"]["segment-block"]
    assert role["sentences"] == 3
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "The other segment at the same distance is what" in page
    assert '<p dir="auto">' in page
    assert "</script><b>" not in page
    assert "{{ 7 * 7 }}" in page
    assert "--split pair" in page


def test_one_text_a_line_is_no_pair(tool: Tool, tiny: Path, text: Path, tmp_path: Path) -> None:
    done = tool("report", tiny, text, "--split", "pair", "-o", tmp_path / "out")
    assert done.code == 3
    assert "animals.txt, line 1: no pair: the line has no tab." in done.err
    assert "--split line" in done.err
    assert not (tmp_path / "out").exists()


def test_pairs_with_a_blank_side_are_left_out_and_told_by_line(
    tool: Tool, tiny: Path, tmp_path: Path
) -> None:
    text = tmp_path / "pairs.tsv"
    # The last pair's second text has nothing that the tokenizer knows of: a space of no width.
    text.write_text("The dog.\tA cat.\n\tA bird.\n\nA tree.\t\n\t\nA mat.\t\u200b\n", "utf-8")
    done = tool(
        "report", tiny, text, "--split", "pair", "--format", "json", "--illustrate", "0",
        "--resamples", "100",
    )  # fmt: skip
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert [one["pair"] for one in told["sentences"]] == [["The dog.", "A cat."]]
    assert (
        "Left out, for want of any content token on one side: 3 pairs (lines 2, 4, 6)."
        in told["warnings"]
    )


def test_annotated_files_are_no_pairs(tool: Tool, tiny: Path, tmp_path: Path) -> None:
    trees = SAMPLES / "annotated.conllu"
    done = tool("report", tiny, trees, "--split", "pair", "-o", tmp_path / "out")
    assert done.code == 3
    assert "annotated.conllu holds annotated sentences, and no pairs" in done.err


def test_single_texts_say_nothing_of_pairs(tiny: Path, text: Path) -> None:
    found = attnviz.analyze(tiny, text, illustrate=0, resamples=100)
    told = json.loads(json_report.write(found, ()))
    assert isinstance(told["sentences"], list)
    assert not {"pair", "segments"} & set(told["sentences"][0])
    (role,) = (role for role in found.roles if role.name == "segment-block")
    assert role.absent == "It needs sentence pairs (--split pair)."
    assert "other segment" not in markdown.FORMAT.write(found, ()).decode()


def test_pairs_of_words(tiny: Path) -> None:
    found = attnviz.analyze(tiny, PAIRS, split="pair", words=True, illustrate=0, resamples=100)
    first = found.sentences[0]
    assert len(first.segments) == len(first.tokens)
    assert [one for one in first.segments if one is not None] == [0] * 4 + [1] * 5


def test_an_encoder_reads_pairs_and_a_decoder_answers(tmp_path: Path) -> None:
    model = write_model(
        tmp_path, "t5", head="ForSeq2SeqLM", d_model=16, d_kv=8, d_ff=32, num_heads=2,
        num_layers=2, decoder_start_token_id=0,
    )  # fmt: skip
    few: dict[str, Any] = {"split": "pair", "illustrate": 0, "resamples": 100}
    read = attnviz.analyze(model, PAIRS, targets=["a cat", "a dog"], **few)
    written = attnviz.analyze(model, PAIRS, generate=3, **few)
    for found in (read, written):
        roles = {part.attention: part.heads[0].roles for part in found.parts}
        assert "segment-block" in roles["encoder"]
        assert not {"segment-block"} & {*roles["decoder"], *roles["cross"]}
        schemas.validate(json.loads(json_report.write(found, ())))
        for part, paired in zip(found.parts, (True, False, False), strict=True):
            assert all(bool(one.segments) is paired for one in part.sentences)
