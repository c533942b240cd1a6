"""A report tells what the model says beside what its heads do, and changes nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import attnviz
from attnviz.report.formats import html, json_report, markdown
from attnviz.report.model import Report
from tests.conftest import SAMPLES
from tests.helpers.models import copied
from tests.helpers.tool import Tool

pytestmark = pytest.mark.slow

SENTIMENT = SAMPLES / "sentiment"
MODEL = SENTIMENT / "model"
TEXTS = [
    "the film was not good .",
    "i would not say that the story was hardly funny .",
    "the film was good .",
    "the soup was cold .",
]
LABELS = ["negative", "positive", "positive", ""]
FEW: dict[str, Any] = {"resamples": 100}


@pytest.fixture(scope="module")
def labelled() -> Report:
    return attnviz.analyze(MODEL, TEXTS, labels=LABELS, **FEW)


def test_right_and_wrong(labelled: Report) -> None:
    found = [each.prediction for each in labelled.sentences]
    assert [each and each.right for each in found] == [True, False, True, None]
    assert [each and each.answers[0].choices[0].text for each in found] == [
        *("negative", "negative", "positive", "negative"),
    ]


def test_in_the_last_layer_the_sentence_is_read_off_its_negation(labelled: Report) -> None:
    sentence = labelled.sentences[1]
    assert sentence.prediction is not None
    (answer,) = sentence.prediction.answers
    assert answer.read == (0,)
    assert [looks.layer for looks in answer.looks] == [0, 1]
    # The model overlooks the other negation, and is wrong.
    assert sentence.tokens[answer.looks[1].keys[0]] == "hardly"


def test_every_format_tells_it(labelled: Report) -> None:
    page, text = html.write(labelled, ()).decode(), markdown.write(labelled, ()).decode()
    tally = "The model&#39;s label is right for 2 of 3 sentences shown here"
    assert tally in page
    assert page.count(">What the model says<") == 4
    assert page.count("Wrong: the right label is positive.") == 2  # on the first screen, too
    assert "Read off “[CLS]” (token 0)." in page
    assert "What the model says: positive &gt;0.99" in text
    assert "| 1 | “hardly” 0.46, “funny” 0.27" in text
    written = json.loads(json_report.write(labelled, ()))
    prediction = written["sentences"][1]["prediction"]
    assert (prediction["kind"], prediction["label"], prediction["right"]) == (
        *("label", "positive", False),
    )
    assert prediction["answers"][0]["read"] == [0]


def test_words_are_sums_over_their_tokens(tiny_masked: Path) -> None:
    texts, more = ["the cats saw the [MASK] ."], {"parse_special_tokens": True, **FEW}
    tokens = attnviz.analyze(tiny_masked, texts, **more).sentences[0]
    words = attnviz.analyze(tiny_masked, texts, words=True, **more).sentences[0]
    assert tokens.tokens[2:4] == ("cat", "##s")
    assert words.tokens[2] == "cats"
    assert tokens.prediction is not None
    assert words.prediction is not None
    (of_tokens,), (of_words,) = tokens.prediction.answers, words.prediction.answers
    assert (of_tokens.place, of_words.place) == (6, 5)
    assert of_tokens.choices == of_words.choices
    for layer, merged in zip(of_tokens.looks, of_words.looks, strict=True):
        known = dict(zip(merged.keys, merged.weights, strict=True))
        parts = dict(zip(layer.keys, layer.weights, strict=True))
        if {2, 3} <= parts.keys() and 2 in known:
            assert known[2] == pytest.approx(parts[2] + parts[3], abs=1e-6)


@pytest.fixture(scope="module")
def tiny_masked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.helpers.models import write_model

    return write_model(tmp_path_factory.mktemp("models") / "masked", head="ForMaskedLM")


def test_nothing_else_changes(labelled: Report, tmp_path: Path) -> None:
    """The same weights under the name of the bare model say nothing, and measure the same."""
    bare = attnviz.analyze(
        copied(MODEL, tmp_path / "model", architectures=["BertModel"]), TEXTS, **FEW
    )
    with_head, without = (json.loads(json_report.write(each, ())) for each in (labelled, bare))
    said = [sentence.pop("prediction") for sentence in with_head["sentences"]]
    assert [prediction["right"] for prediction in said] == [True, False, True, None]
    assert not any("prediction" in sentence for sentence in without["sentences"])
    assert with_head == without | {"model": with_head["model"]}
    assert with_head["model"] == without["model"] | {"name": with_head["model"]["name"]}


def test_labels_on_the_command_line(tool: Tool, tmp_path: Path) -> None:
    text, labels = tmp_path / "text.txt", tmp_path / "labels.txt"
    text.write_text("\n".join(TEXTS))
    labels.write_text("\n".join([*LABELS, ""]))
    few = ["--resamples", "100", "-o", tmp_path / "out"]
    run = tool("report", MODEL, text, "--labels", labels, *few)
    assert run.code == 0
    assert "right for 2 of 3 sentences" in " ".join(run.out.split())
    assert "Sentence 2: the model says negative" in run.out
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "is right for 2 of 3 sentences shown here" in page.partition('id="maps"')[0]
    written = json.loads((tmp_path / "out" / "report.json").read_text())
    assert written["options"]["labels"] == "labels.txt"


@pytest.mark.parametrize(
    ("model", "labels", "more", "code", "message"),
    [
        (MODEL, "positive\n", [], 3, "labels.txt has 1 line for 2 lines of text."),
        (MODEL, "positive\nfine\n", [], 3, "labels.txt, line 2: "),
        (MODEL, "positive\n\n", ["--split", "sentence"], 2, "With --labels a sentence is a line"),
        ("tiny", "positive\n\n", [], 3, "gives a text no label"),
    ],
)
def test_labels_that_cant_be_used(
    tool: Tool,
    tiny: Path,
    tmp_path: Path,
    model: Path | str,
    labels: str,
    more: list[str],
    code: int,
    message: str,
) -> None:
    (tmp_path / "text.txt").write_text("the film was good .\nthe soup was cold .\n")
    (tmp_path / "labels.txt").write_text(labels)
    out = tmp_path / "out"
    run = tool(
        *("report", tiny if model == "tiny" else model, tmp_path / "text.txt"),
        *("--labels", tmp_path / "labels.txt", "-o", out, *more),
    )
    assert run.code == code
    assert message in " ".join(run.err.split())
    assert not out.exists()


def test_standard_input_is_one_thing(tool: Tool) -> None:
    run = tool("report", MODEL, "-", "--labels", "-")
    assert run.code == 2
    assert "Standard input (-) is both TEXT and --labels." in run.err
