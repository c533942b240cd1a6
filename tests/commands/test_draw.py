"""`attnviz draw`: each kind of output, and each mistake with its exit code and hint."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest

from attnviz.drawing.settings import DrawSettings, taken
from attnviz.registry import discover
from attnviz.settings import declarations
from tests.conftest import SAMPLES
from tests.helpers.tool import Tool, content, process

pytestmark = pytest.mark.slow

TEXT = "The dog sat on the mat."


def test_files_of_every_kind(tool: Tool, tiny: Path, tmp_path: Path) -> None:
    names = ["a.pdf", "a.svg", "a.png", "a.csv", "a.npz", "a.parquet", "B.PNG"]
    flags = [flag for name in names for flag in ("-o", tmp_path / name)]
    done = tool("draw", tiny, TEXT, "--heads", "L1H0", "--size", "3.3in", *flags)
    assert (done.code, done.out, done.err) == (0, "", "")
    made = content(tmp_path)
    assert set(made) == set(names)
    starts = {"a.pdf": b"%PDF", "a.png": b"\x89PNG", "a.npz": b"PK", "a.parquet": b"PAR1"}
    assert all(made[name].startswith(start) for name, start in starts.items())
    assert b"<svg" in made["a.svg"]
    assert made["a.png"] == made["B.PNG"]
    again = tool("draw", tiny, TEXT, "--heads", "L1H0", "--size", "3.3in", *flags)
    assert again.code == 0
    assert content(tmp_path) == made  # to the byte


@pytest.mark.parametrize(
    "flags",
    [
        [],
        ["--heads", "L0H1"],
        ["--layers", "1", "--words"],
        ["--mean", "all", "--lens", "content"],
        ["--heads", "L0H1", "--query", "dog", "--view", "arcs"],
        ["--heads", "L0H1", "--query", "the#2", "--view", "text"],
        ["--view", "rollout"],
        ["--view", "flow"],
        ["--view", "flow", "--query", "mat", "--flow", "maximum", "--lens", "content"],
    ],
)
def test_a_drawing_in_the_terminal(tool: Tool, tiny: Path, flags: list[str]) -> None:
    done = tool("draw", tiny, TEXT, *flags)
    assert done.code == 0
    assert len(done.out.splitlines()) > 1
    assert ("Without special tokens, " in done.out) == ("content" in flags)
    assert done.err == ""


def test_a_table_of_masses(tool: Tool, tiny: Path, tmp_path: Path) -> None:
    flags = ["--from", "dog", "--to", "mat the#2"]
    shown = tool("draw", tiny, TEXT, *flags)
    assert shown.code == 0
    assert shown.out.startswith("Attention of “dog” to “mat the#2”: 4 heads, mean 0.")
    done = tool("draw", tiny, TEXT, *flags, "-o", tmp_path / "a.csv", "-o", tmp_path / "a.parquet")
    assert (done.code, done.out) == (0, "")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text())))
    masses = [float(row["mass"]) for row in rows]
    assert masses == sorted(masses, reverse=True)
    assert [line.split()[0] for line in shown.out.splitlines()[2:]] == [row["name"] for row in rows]
    one = tool("draw", tiny, TEXT, *flags, "--heads", "L1H1").out.splitlines()
    assert [line.split()[0] for line in one[2:]] == ["L1H1"]


def test_the_sentence_of_a_file(tool: Tool, tiny: Path, text: Path, tmp_path: Path) -> None:
    for name, flags in (("a", [text, "--sentence", "2"]), ("b", ["A cat saw the bird."])):
        assert tool("draw", tiny, *flags, "-o", tmp_path / f"{name}.csv").code == 0
    assert content(tmp_path)["a.csv"] == content(tmp_path)["b.csv"]


def test_standard_input(tiny: Path, tmp_path: Path) -> None:
    done = process("draw", tiny, "-", "-o", tmp_path / "a.csv")
    assert done.code == 5
    assert "No text in standard input" in done.err


def test_a_pair(tool: Tool, tmp_path: Path) -> None:
    flags = ["--split", "pair", "--layers", "5", "-o", tmp_path / "a.npz"]
    assert tool("draw", "minilm", SAMPLES / "pairs.tsv", *flags, "--sentence", "2").code == 0
    with np.load(tmp_path / "a.npz") as found:
        assert found["weights"].shape[:2] == (1, 12)
        assert found["tokens"].tolist().count("[SEP]") == 2


def test_the_decoder_reads_a_file_or_a_sentence(tool: Tool, tmp_path: Path) -> None:
    folder = SAMPLES / "translation"
    first = [(folder / name).read_text().splitlines()[0] for name in ("source.txt", "target.txt")]
    for name, source, target in (
        ("a.csv", folder / "source.txt", folder / "target.txt"),
        ("b.csv", *first),
    ):
        done = tool("draw", folder / "model", source, "--target", target, "-o", tmp_path / name)
        assert done.code == 0
    assert content(tmp_path)["a.csv"] == content(tmp_path)["b.csv"]


@pytest.mark.parametrize(
    ("flags", "code", "message", "hint"),
    [
        (["none.txt"], 3, "no file none.txt", "Check the name"),
        (["no/where"], 3, "no file no/where", "folder no doesn't exist"),
        ([TEXT, "-o", "a.jpg"], 2, "-o a.jpg ends in .jpg", ".pdf, .svg, .png, .csv, .npz, .parq"),
        ([TEXT, "-o", "picture"], 2, "-o picture has no suffix", ".pdf"),
        ([TEXT, "-o", "none/a.png"], 4, "The folder none doesn't exist", "Make it first"),
        ([TEXT, "--from", "dog"], 2, "need each other", "--from it --to cat"),
        (
            [TEXT, "--from", "dog", "--to", "mat", "-o", "a.png"],
            2,
            "make a table",
            ".csv, .parquet",
        ),
        ([TEXT, "--from", "dog", "--to", "mat", "--view", "text"], 2, "--view and --from", "leave"),
        ([TEXT, "--query", "dgo"], 2, "no word or token 'dgo'", "Did you mean 'dog'?"),
        ([TEXT, "--query", "the#3"], 2, "no 'the#3'", "The last is 'the#2'"),
        ([TEXT, "--heads", "L2H0"], 2, "no head L2H0", "Layers are 0 to 1, heads 0 to 1."),
        ([TEXT, "--heads", "2.0"], 2, "--heads is '2.0'", "L5H7,L2H0"),
        ([TEXT, "--layers", "2"], 2, "no layer 2", "Layers are 0 to 1."),
        ([TEXT, "--layers", "0", "--heads", "L0H0"], 2, "don't go together", "Leave out one"),
        (
            [TEXT, "--view", "circle"],
            2,
            "no view 'circle'",
            "matrix, mosaic, arcs, text, rollout, flow",
        ),
        ([TEXT, "--view", "rollout", "--mean", "all"], 2, "Rollout goes through all", "Leave out"),
        ([TEXT, "--size", "3"], 2, "--size is '3'", "3.3in, 8.4cm or 84mm"),
        ([TEXT, "--sentence", "2"], 2, "no sentence 2", "The text has one"),
        ([TEXT, "--sentence", "0"], 2, "--sentence is 0", "count from 1"),
        ([TEXT, "--stream", "cross"], 2, "no encoder and decoder", "Leave out --stream"),
        ([TEXT, "--target", "A cat."], 3, "takes no targets", "Leave out --target"),
        ([TEXT, "--cmap", "Bleus"], 2, "no colour map", "Did you mean Blues"),
        (
            [TEXT, "--lens", "content", "--query", "[SEP]"],
            2,
            "[SEP] is a special token",
            "lens all",
        ),
        ([TEXT, "--view", "arcs", "-o", "a.png"], 2, "arcs shows one head", "--heads"),
        ([""], 5, "No sentence", "at least one"),
        ([" "], 5, "No sentence", "at least one"),
    ],
)
def test_mistakes(
    tool: Tool,
    tiny: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    flags: list[str],
    code: int,
    message: str,
    hint: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = tool("draw", tiny, *flags)
    error, advice = done.err.splitlines()
    assert done.code == code
    assert error.startswith("error: ")
    assert message in error
    assert advice.startswith("hint: ")
    assert hint in advice
    assert done.out == ""
    assert content(tmp_path) == {}


def test_a_mistake_leaves_the_file_of_before(tool: Tool, tiny: Path, tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"before")
    done = tool("draw", tiny, TEXT, "--view", "arcs", "-o", tmp_path / "b.csv", "-o", picture)
    assert done.code == 2
    assert content(tmp_path) == {"a.png": b"before"}


def test_numbers_through_the_lens_say_what_it_took(tool: Tool, tiny: Path, tmp_path: Path) -> None:
    flags = ["--lens", "content", "-o", tmp_path / "a.csv"]
    assert "note: Without special tokens, which took 0." in tool("draw", tiny, TEXT, *flags).err
    masses = tool("draw", tiny, TEXT, "--from", "dog", "--to", "mat", *flags)
    assert "note: Without special tokens, which took 0." in masses.err


def test_quiet_leaves_out_notes(tool: Tool, tiny: Path) -> None:
    flags = ["draw", tiny, TEXT, "--heads", "L0H0", "--query", "the"]
    assert "note: 'the' stands there 2 times" in tool(*flags).err
    assert tool(*flags, "-q").err == ""


def test_every_setting_of_a_drawing_is_declared_in_full() -> None:
    names = [declared.name for declared in taken()]
    assert len(names) == len(set(names))
    for declared in declarations(DrawSettings).values():
        assert declared.setting.help.endswith(".")
        assert bool(declared.setting.metavar) == (declared.type is not bool)


def test_help_names_every_view(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    from attnviz.drawing.view import View

    monkeypatch.setenv("COLUMNS", "200")
    helped = " ".join(tool("draw", "--help").out.split())
    views = [view.name for view in discover("attnviz.drawing.views", "VIEW", View)]
    assert f"{', '.join(views[:-1])} or {views[-1]}." in helped
    assert re.search(r"--target TEXT .*a file, or the sentence itself", helped)
