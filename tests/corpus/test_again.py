"""`attnviz report --from`: what a direct report shows, where model and texts are at hand."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest

import attnviz
from tests.conftest import SAMPLES
from tests.helpers.corpora import sentences, write_lines
from tests.helpers.models import write_model
from tests.helpers.tool import Folder, Tool, content

pytestmark = pytest.mark.slow

FAST = ("--illustrate", "2", "--resamples", "100")
ALONE = "Made from a measurement alone: numbers, tables and maps are all there"
_NO_PICTURES = {"examples", "sentences", "figures", "warnings"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More sentences than a pilot has."""
    return write_lines(tmp_path_factory.mktemp("corpus") / "corpus.txt", sentences(1100))


@pytest.fixture(scope="module")
def scan(tiny: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scans") / "whole"
    attnviz.scan(tiny, corpus, folder)
    return folder


def _same(folder: Path, direct: Path) -> None:
    """Both reports are one, but for the command that makes them."""
    ours, theirs = content(folder), content(direct)
    assert ours.keys() == theirs.keys()
    apart = {"report.html", "report.md"}
    assert [name for name in ours if ours[name] != theirs[name]] == sorted(apart)
    for name in apart:
        told = _without_command(ours[name].decode(), theirs[name].decode())
        assert told[0] == told[1], name


def _without_command(*pages: str) -> list[list[str]]:
    """The lines of pages but those that say how to make them again."""
    return [[line for line in page.splitlines() if "attnviz report " not in line] for page in pages]


def _report(folder: Path) -> dict[str, object]:
    told: dict[str, object] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return told


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sizes = {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64}
    return write_model(tmp_path_factory.mktemp("models") / "decoder", "gpt2", **sizes)


@pytest.mark.parametrize("kind", ["minilm", "decoder"])
def test_the_report_of_a_scan_is_the_report_of_the_text(
    kind: str, decoder: Path, treebank: Path, tool: Tool, tmp_path: Path
) -> None:
    model = "minilm" if kind == "minilm" else decoder
    attnviz.scan(model, treebank, tmp_path / "scan")
    assert tool("report", model, treebank, "-o", tmp_path / "direct", *FAST).code == 0
    ran = tool("report", "--from", tmp_path / "scan", "-o", tmp_path / "from", *FAST)
    assert ran.code == 0, ran.err
    assert _report(tmp_path / "from")["figures"]
    _same(tmp_path / "from", tmp_path / "direct")
    again = f"attnviz report {Path(model).name} thirty.conllu --from DIR"
    assert again in (tmp_path / "from" / "report.html").read_text(encoding="utf-8")


def test_of_a_corpus_beyond_its_pilot_too(
    tiny: Path, corpus: Path, scan: Path, tool: Tool, tmp_path: Path
) -> None:
    chosen = (*FAST, "--sentences", "3,1099")
    for name, command in (("direct", (tiny, corpus)), ("from", ("--from", scan))):
        ran = tool("report", *command, "-o", tmp_path / name, *chosen)
        assert ran.code == 0, ran.err
    _same(tmp_path / "from", tmp_path / "direct")
    told = tool("report", "--from", scan, "-o", tmp_path / "no", "--sentences", "1101")
    assert (told.code, "There is no sentence 1101 to illustrate." in told.err) == (2, True)


def test_without_text_its_numbers_are_all_there(
    tiny: Path, corpus: Path, scan: Path, tool: Tool, tmp_path: Path
) -> None:
    ran = tool("report", "--from", scan, "-o", tmp_path / "from", *FAST, "--without-text")
    assert ran.code == 0, ran.err
    assert tool("report", tiny, corpus, "-o", tmp_path / "direct", *FAST).code == 0
    ours, direct = (_report(tmp_path / name) for name in ("from", "direct"))
    assert ours["warnings"] == [f"{ALONE}; {_left_out()}"]
    for report in (ours, direct):
        for head in report["heads"]:  # type: ignore[attr-defined]
            head.pop("examples", None)
    for key in direct.keys() - _NO_PICTURES:
        assert ours[key] == direct[key], key
    page = (tmp_path / "from" / "report.html").read_text(encoding="utf-8")
    assert "attnviz report --from DIR --resamples 100 --illustrate 2<" in page
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
    attnviz.scan(model, corpus, tmp_path / "scan")
    change(tmp_path)  # type: ignore[operator]
    ran = tool("report", "--from", tmp_path / "scan", "-o", tmp_path / "out", *FAST)
    assert ran.code == 0, ran.err
    (warning,) = (
        text
        for text in _report(tmp_path / "out")["warnings"]
        if "Made from" in text  # type: ignore[attr-defined]
    )
    assert f"{ALONE}; {_left_out()} {why}" in warning
    assert warning.endswith("attnviz report MODEL TEXT --from DIR.")
    assert not list((tmp_path / "out" / "figures").rglob("s0*"))
    # Where they are named, that they can't serve is the error.
    told = tool("report", model, corpus, "--from", tmp_path / "scan", "-o", tmp_path / "no", *FAST)
    assert (told.code, why.split(" folder")[0] in told.err) == (3, True), told.err
    assert not (tmp_path / "no").exists()


def test_model_and_text_are_named_where_they_are_now(tool: Tool, tmp_path: Path) -> None:
    model = write_model(tmp_path / "before" / "model")
    lines = [json.dumps({"body": {"text": line}}) for line in sentences(60)]
    packed = tmp_path / "before" / "records.jsonl.gz"
    packed.write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))
    attnviz.scan(model, packed, tmp_path / "scan", field="body.text", sample=30)
    at_first: Folder = {}
    for name in ("before", "after"):
        out = tmp_path / f"of {name}"
        moved = (tmp_path / "after" / "model", tmp_path / "after")
        if name == "after":
            shutil.move(tmp_path / "before", tmp_path / "after")
            (tmp_path / "after" / "notes.md").write_text("", encoding="utf-8")
        given = moved if name == "after" else ()
        ran = tool("report", *given, "--from", tmp_path / "scan", "-o", out, *FAST)
        if name == "after":  # a folder of other texts
            assert (ran.code, "There is no file" in ran.err) == (3, False)
            given = (moved[0], tmp_path / "after" / "records.jsonl.gz")
            ran = tool("report", *given, "--from", tmp_path / "scan", "-o", out, *FAST)
        assert ran.code == 0, ran.err
        at_first = at_first or content(out)
        assert content(out) == at_first
    assert len(_report(out)["sentences"]) == 30  # type: ignore[arg-type]


def test_merged_parts_know_where_their_corpus_is(tiny: Path, tool: Tool, tmp_path: Path) -> None:
    corpus = write_lines(tmp_path / "corpus.txt", sentences(40))
    parts = [tmp_path / "1", tmp_path / "2"]
    for number, folder in enumerate(parts, 1):
        attnviz.scan(tiny, corpus, folder, part=f"{number}/2")
    assert tool("merge", *parts, "-o", tmp_path / "whole").code == 0
    attnviz.scan(tiny, corpus, tmp_path / "scan")
    for name in ("whole", "scan"):
        ran = tool("report", "--from", tmp_path / name, "-o", tmp_path / f"of {name}", *FAST)
        assert ran.code == 0, ran.err
    assert content(tmp_path / "of whole") == content(tmp_path / "of scan")


def test_a_report_is_made_again_from_its_folder(tool: Tool, tmp_path: Path) -> None:
    model = SAMPLES / "translation" / "model"
    texts = []
    for name in ("source.txt", "target.txt"):
        lines = (SAMPLES / "translation" / name).read_text(encoding="utf-8").splitlines()[:8]
        texts.append(write_lines(tmp_path / name, lines))
    command = (model, texts[0], "--target", texts[1], *FAST)
    assert tool("report", *command, "-o", tmp_path / "direct").code == 0
    ran = tool("report", *command, "--from", tmp_path / "direct", "-o", tmp_path / "from")
    assert ran.code == 0, ran.err
    _same(tmp_path / "from", tmp_path / "direct")
    ran = tool("report", "--from", tmp_path / "direct", "-o", tmp_path / "alone", *FAST)
    assert ran.code == 0, ran.err
    (warning,) = _report(tmp_path / "alone")["warnings"][-1:]  # type: ignore[index]
    assert "model is neither a folder here nor in the cache." in warning


def test_flags_that_contradict_each_other(tiny: Path, scan: Path, tool: Tool) -> None:
    told = tool("report", tiny, "--from", scan, "--without-text")
    assert (told.code, "--without-text leaves out what takes MODEL" in told.err) == (2, True)
    told = tool("report", tiny, scan, "--without-text")
    assert (told.code, "--without-text goes with --from." in told.err) == (2, True)
    told = tool("report", "--from", scan, "--words")
    assert (told.code, "--words is True" in told.err) == (2, True)
