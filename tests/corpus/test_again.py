"""`attnviz report --from`: what a direct report shows, where model and texts are at hand."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import attnviz
from tests.conftest import SAMPLES
from tests.helpers.corpora import sentences, small_pilot, write_lines
from tests.helpers.models import write_model
from tests.helpers.tool import Tool, content

pytestmark = pytest.mark.slow

FAST = ("--illustrate", "1", "--resamples", "100", "--jobs", "1")
ALONE = "Made from a measurement alone: numbers, tables and maps are all there"


@pytest.fixture(scope="module", autouse=True)
def _small() -> Iterator[None]:
    with small_pilot(100, shard=40):
        yield


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More sentences than a pilot has."""
    return write_lines(tmp_path_factory.mktemp("corpus") / "corpus.txt", sentences(180))


@pytest.fixture(scope="module")
def scan(tiny: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scans") / "whole"
    attnviz.scan(tiny, corpus, folder, resamples=100)
    return folder


ONLY_SCANNED = ("strangest", "groups")
"""What a scan looks for and a report does not."""


def _same(folder: Path, direct: Path) -> None:
    """Both reports are one: numbers, examples and figures."""
    ours, theirs = content(folder), content(direct)
    assert ours.keys() == theirs.keys()
    pages = {"report.html", "report.md", "report.json"}
    assert {name for name in ours if ours[name] != theirs[name]} <= pages
    assert _known(_report(folder)) == _report(direct)


def _known(report: dict[str, Any]) -> dict[str, Any]:
    """The report without what only a scan looks for."""
    return {name: value for name, value in report.items() if name not in ONLY_SCANNED}


def _report(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return told


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "decoder"
    return write_model(folder, "gpt2", n_embd=16, n_layer=2, n_head=2, n_positions=64)


@pytest.mark.parametrize("kind", ["minilm", "decoder"])
def test_the_report_of_a_scan_is_the_report_of_the_text(
    kind: str, decoder: Path, treebank: Path, tool: Tool, tmp_path: Path
) -> None:
    parsed = tmp_path / "parsed.conllu"
    trees = treebank.read_text(encoding="utf-8").split("\n\n")[:22]
    parsed.write_text("\n\n".join(trees) + "\n\n", encoding="utf-8")
    known = write_lines(tmp_path / "known.txt", sentences(30))
    model, text = ("minilm", parsed) if kind == "minilm" else (decoder, known)
    attnviz.scan(model, text, tmp_path / "scan", resamples=100)
    assert tool("report", model, text, "-o", tmp_path / "direct", *FAST).code == 0
    ran = tool("report", "--from", tmp_path / "scan", "-o", tmp_path / "from", *FAST)
    assert ran.code == 0, ran.err
    assert _report(tmp_path / "from")["figures"]
    _same(tmp_path / "from", tmp_path / "direct")
    again = f"attnviz report {Path(model).name} {text.name} --from DIR"
    assert again in (tmp_path / "from" / "report.html").read_text(encoding="utf-8")


def _printed(tool: Tool, *command: str | Path) -> dict[str, Any]:
    """The report.json of a report that is written nowhere, so that nothing is drawn."""
    ran = tool("report", *command, *FAST, "--format", "json")
    assert ran.code == 0, ran.err
    told: dict[str, Any] = json.loads(ran.out)
    return told


def test_of_a_corpus_beyond_its_pilot_too(tiny: Path, corpus: Path, scan: Path, tool: Tool) -> None:
    chosen = ("--sentences", "3,4,5,179")  # not all of them are of the pilot
    direct = _printed(tool, tiny, corpus, *chosen)
    assert _known(_printed(tool, "--from", scan, *chosen)) == direct
    assert {3, 4, 5, 179} < {sentence["id"] for sentence in direct["sentences"]}
    tenths = {each.get("tenth") for head in direct["heads"] for each in head["examples"]}
    assert tenths == {None, *range(1, 10)}
    told = tool("report", "--from", scan, "--format", "json", "--sentences", "181")
    assert (told.code, "There is no sentence 181 to illustrate." in told.err) == (2, True)


def test_without_text_its_numbers_are_all_there(
    tiny: Path, corpus: Path, scan: Path, tool: Tool, tmp_path: Path
) -> None:
    ran = tool("report", "--from", scan, "-o", tmp_path / "from", *FAST, "--without-text")
    assert ran.code == 0, ran.err
    ours, direct = _report(tmp_path / "from"), _printed(tool, tiny, corpus)
    assert ours["warnings"] == [f"{ALONE}; {_left_out()}"]
    for report in (ours, direct):
        for head in report["heads"]:
            head.pop("examples", None)
    for key in direct.keys() - {"examples", "sentences", "figures", "warnings"}:
        assert ours[key] == direct[key], key
    page = (tmp_path / "from" / "report.html").read_text(encoding="utf-8")
    assert "attnviz report --from DIR --resamples 100 --illustrate 1<" in page
    assert "Sentence by sentence" not in page


def _left_out() -> str:
    return "sentences, examples and pictures of single heads are left out."


def _gone(folder: Path) -> None:
    (folder / "corpus.txt").unlink()


def _changed(folder: Path) -> None:
    write_lines(folder / "corpus.txt", [*sentences(20), "And then it ran."])


def _no_model(folder: Path) -> None:
    shutil.rmtree(folder / "model")


def _trained_on(folder: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    path = folder / "model" / "model.safetensors"
    weights = load_file(path)
    noise = torch.Generator().manual_seed(1)
    moved = {
        name: tensor + torch.randn(tensor.shape, generator=noise)
        for name, tensor in weights.items()
    }
    save_file(moved, path, {"format": "pt"})


def _another(folder: Path) -> None:
    shutil.rmtree(folder / "model")
    write_model(folder / "model", num_hidden_layers=1)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_gone, "There is no file"),
        (_changed, "corpus.txt is not here as it was measured."),
        (_no_model, "There is no model folder"),
        (_trained_on, "The model's heads do other things than when it was measured."),
        (_another, "It was measured with another layers: 2, and now 1."),
    ],
)
def test_where_text_or_model_are_not_what_they_were_it_says_why(
    change: object, why: str, tool: Tool, tmp_path: Path
) -> None:
    model = write_model(tmp_path / "model")
    corpus = write_lines(tmp_path / "corpus.txt", sentences(20))
    attnviz.scan(model, corpus, tmp_path / "scan", resamples=100)
    change(tmp_path)  # type: ignore[operator]
    told = _printed(tool, "--from", tmp_path / "scan")
    (warning,) = (text for text in told["warnings"] if "Made from" in text)
    assert f"{ALONE}; {_left_out()} {why}" in warning
    assert warning.endswith("attnviz report MODEL TEXT --from DIR.")
    assert not told["sentences"]
    # Where they are named, that they can't serve is the error.
    ran = tool("report", model, corpus, "--from", tmp_path / "scan", "-o", tmp_path / "no", *FAST)
    assert (ran.code, why.split(" folder")[0] in ran.err) == (3, True), ran.err
    assert not (tmp_path / "no").exists()


def test_model_and_text_are_named_where_they_are_now(tool: Tool, tmp_path: Path) -> None:
    model = write_model(tmp_path / "before" / "model")
    lines = [json.dumps({"body": {"text": line}}) for line in sentences(60)]
    packed = tmp_path / "before" / "records.jsonl.gz"
    packed.write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))
    attnviz.scan(model, packed, tmp_path / "scan", field="body.text", sample=30, resamples=100)
    at_first = _printed(tool, "--from", tmp_path / "scan")
    assert len(at_first["sentences"]) == 30
    shutil.move(tmp_path / "before", tmp_path / "after")
    moved = tmp_path / "after" / "model", tmp_path / "after" / packed.name
    assert _printed(tool, *moved, "--from", tmp_path / "scan") == at_first
    write_lines(tmp_path / "after" / "more.jsonl", lines[:3])
    told = tool("report", *moved, moved[1].with_name("more.jsonl"), "--from", tmp_path / "scan")
    assert (told.code, "more.jsonl was not measured." in told.err) == (3, True), told.err


def test_merged_parts_know_where_their_corpus_is(tiny: Path, tool: Tool, tmp_path: Path) -> None:
    corpus = write_lines(tmp_path / "corpus.txt", sentences(40))
    parts = [tmp_path / "1", tmp_path / "2"]
    for number, folder in enumerate(parts, 1):
        attnviz.scan(tiny, corpus, folder, part=f"{number}/2", resamples=100)
    assert tool("merge", *parts, "-o", tmp_path / "whole").code == 0
    attnviz.scan(tiny, corpus, tmp_path / "scan", resamples=100)
    made = [_printed(tool, "--from", tmp_path / name) for name in ("whole", "scan")]
    assert made[0] == made[1]
    assert made[0]["sentences"]


def test_a_report_is_made_again_from_its_folder(tool: Tool, tmp_path: Path) -> None:
    model = SAMPLES / "translation" / "model"
    texts = []
    for name in ("source.txt", "target.txt"):
        lines = (SAMPLES / "translation" / name).read_text(encoding="utf-8").splitlines()[:8]
        texts.append(write_lines(tmp_path / name, lines))
    command = (model, texts[0], "--target", texts[1])
    assert tool("report", *command, "-o", tmp_path / "direct", *FAST).code == 0
    ours = _printed(tool, *command, "--from", tmp_path / "direct")
    assert ours | {"figures": []} == _report(tmp_path / "direct") | {"figures": []}
    told = _printed(tool, "--from", tmp_path / "direct")
    assert "model is neither a folder here nor in the cache." in told["warnings"][-1]


def test_flags_that_contradict_each_other(tiny: Path, scan: Path, tool: Tool) -> None:
    told = tool("report", tiny, "--from", scan, "--without-text")
    assert (told.code, "--without-text leaves out what takes MODEL" in told.err) == (2, True)
    told = tool("report", tiny, scan, "--without-text")
    assert (told.code, "--without-text goes with --from." in told.err) == (2, True)
    told = tool("report", "--from", scan, "--words")
    assert (told.code, "--words is True" in told.err) == (2, True)
