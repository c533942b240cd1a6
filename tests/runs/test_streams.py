"""Encoder-decoders, models that write, long texts and limits, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SAMPLES
from tests.helpers import schemas
from tests.helpers.models import write_model
from tests.helpers.tool import Outcome, Tool, content

pytestmark = pytest.mark.slow

TRANSLATION = SAMPLES / "translation"
MODEL, SOURCE, TARGET = (TRANSLATION / name for name in ("model", "source.txt", "target.txt"))
STREAMS = {"encoder", "decoder", "cross"}
LONG = 630
"""Tokens of the long text, special ones not counted."""


@pytest.fixture(scope="session")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GPT-2 of two layers with its head, and room for long texts."""
    places = {"max_position_embeddings": 1024}
    folder = tmp_path_factory.mktemp("models") / "writer"
    write_model(folder, "gpt2", head="ForCausalLM", **places)
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text()) | {"model_max_length": 1024}
    path.write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Five sentences of the sample and their translations."""
    folder = tmp_path_factory.mktemp("texts")
    for file in (SOURCE, TARGET):
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / file.name).write_text("".join(lines[:5]), encoding="utf-8")
    return folder / "source.txt", folder / "target.txt"


@pytest.fixture(scope="session")
def long_text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("texts") / "long.txt"
    lines = ["the dog sat on the mat .", "a red cat saw the bird ,"] * (LONG // 14)
    path.write_text("\n".join(lines) + "\n")
    return path


def found(done: Outcome) -> dict[str, Any]:
    """The report on standard output, which must be what the schema says."""
    assert done.code == 0, done.err
    document: dict[str, Any] = json.loads(done.out)
    schemas.validate(document)
    return document


def refused(done: Outcome, code: int = 3) -> tuple[str, str]:
    """What was said of an error, and the hint."""
    assert (done.code, done.out) == (code, ""), done.err
    error, hint = done.err.splitlines()
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")
    return error, hint


JSON = ("--format", "json", "--resamples", "100", "--illustrate", "0")


def test_a_translation_gives_three_parts(tool: Tool, few: tuple[Path, Path]) -> None:
    source, target = few
    document = found(tool("report", MODEL, source, "--target", target, *JSON))
    assert set(document["parts"]) == STREAMS
    assert document["options"]["target"] == "target.txt"
    for name in ("heads", "layers", "sentences"):
        assert {one["attention"] for one in document[name]} == STREAMS
    texts: dict[str, list[str]] = {name: [] for name in STREAMS}
    for one in document["sentences"]:
        texts[one["attention"]].append(one["text"])
        assert "generated_from" not in one
        assert ("keys" in one) == (one["attention"] == "cross")
    assert texts["encoder"] == source.read_text("utf-8").splitlines()
    assert texts["decoder"] == texts["cross"] == target.read_text("utf-8").splitlines()


def test_a_target_for_other_lines(tool: Tool, few: tuple[Path, Path]) -> None:
    error, hint = refused(tool("report", MODEL, few[0], "--target", TARGET, *JSON))
    assert "target.txt has 120 lines for 5 lines of text." in error
    assert "on the same line of the target file" in hint


def test_pairs_go_by_line_and_those_with_a_blank_side_are_left_out(
    tool: Tool, few: tuple[Path, Path], tmp_path: Path
) -> None:
    """With Windows' line ends, the target on standard input, and the text in two files."""
    source, target = (file.read_text("utf-8").splitlines() for file in few)
    source[1], target[3] = "", " "
    for name, lines in (("a.txt", source[:2]), ("b.txt", source[2:])):
        (tmp_path / name).write_text("\r\n".join(lines) + "\r\n", "utf-8", newline="")
    (tmp_path / "target.txt").write_text("\n".join(target) + "\n\n\n", "utf-8")
    texts = (tmp_path / "a.txt", tmp_path / "b.txt", "--target", tmp_path / "target.txt")
    document = found(tool("report", MODEL, *texts, *JSON))
    read = [one for one in document["sentences"] if one["attention"] == "cross"]
    assert [one["text"] for one in read] == [target[0], target[2], target[4]]
    assert [one["id"] for one in read] == [1, 3, 5]
    (warning,) = [one for one in document["warnings"] if one.startswith("Left out")]
    assert warning == (
        "Left out, for want of any content token on one side: 2 pairs (a.txt line 2, b.txt line 2)."
    )


def test_what_a_target_doesnt_go_with(tool: Tool, few: tuple[Path, Path]) -> None:
    error, hint = refused(
        tool("report", MODEL, few[0], "--target", few[1], "--split", "sentence", *JSON), 2
    )
    assert "With --target a sentence is a line" in error
    assert "--split line" in hint
    error, _ = refused(tool("report", MODEL, "-", "--target", "-", *JSON), 2)
    assert "Standard input (-) is both TEXT and --target." in error


def test_whole_documents_face_each_other(tool: Tool, few: tuple[Path, Path]) -> None:
    texts = (few[0], "--target", few[1], "--split", "document")
    document = found(tool("report", MODEL, *texts, *JSON))
    (read,) = [one for one in document["sentences"] if one["attention"] == "cross"]
    assert read["text"] == few[1].read_text("utf-8").strip()
    error, _ = refused(tool("report", MODEL, few[0], *texts, *JSON))
    assert "target.txt has 1 document for 2 documents of text." in error


def test_a_target_that_isnt_there(tool: Tool, few: tuple[Path, Path], tmp_path: Path) -> None:
    error, _ = refused(tool("report", MODEL, few[0], "--target", tmp_path / "absent.txt", *JSON))
    assert "absent.txt" in error


@pytest.mark.parametrize("kind", ["tiny", "writer"])
def test_a_target_for_a_model_that_reads_none(
    tool: Tool, text: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    model = request.getfixturevalue(kind)
    error, hint = refused(tool("report", model, text, "--target", text, *JSON))
    assert f"{kind} has no decoder besides its encoder, and takes no targets." in error
    assert "Leave out --target" in hint


def test_a_decoder_reads_a_text_or_writes_one(tool: Tool, writer: Path, text: Path) -> None:
    done = tool("report", writer, text, "--target", text, "--generate", "5", *JSON)
    assert done.code == 2
    assert "--target and --generate are two texts for one decoder." in done.err


def test_an_encoder_decoder_model_needs_something_to_read(
    tool: Tool, few: tuple[Path, Path]
) -> None:
    error, hint = refused(tool("report", MODEL, few[0], *JSON))
    assert "nothing for the decoder to read" in error
    assert "--target FILE" in hint
    assert "--generate N" in hint


def test_what_a_decoder_wrote_is_marked(tool: Tool, writer: Path, text: Path) -> None:
    plain = found(tool("report", writer, text, *JSON))
    document = found(tool("report", writer, text, "--generate", "5", *JSON))
    assert document["options"]["generate"] == 5
    assert len(document["sentences"]) == 3
    for read, one in zip(plain["sentences"], document["sentences"], strict=True):
        first = one["generated_from"]
        # The tokenizer closes what it reads; what goes on isn't closed.
        assert one["tokens"][:first] == read["tokens"][:-1]
        assert one["tokens"][first - 1] != read["tokens"][-1] == "[SEP]"
        assert 1 <= len(one["tokens"]) - first <= 5
        assert one["text"].startswith(read["text"])
        assert len(one["received"]) == len(one["rollout"]) == len(one["tokens"])
        assert "generated_from" not in read


def test_a_translator_may_write_its_targets_itself(tool: Tool, few: tuple[Path, Path]) -> None:
    source, target = few
    document = found(tool("report", MODEL, source, "--generate", "20", *JSON))
    assert set(document["parts"]) == STREAMS
    written = [one for one in document["sentences"] if one["attention"] == "cross"]
    # The sample's translations are the ones that the model writes.
    assert [one["text"].split() for one in written] == [
        line.split() for line in target.read_text("utf-8").splitlines()
    ]
    read = found(tool("report", MODEL, source, "--target", target, *JSON))
    given = [one for one in read["sentences"] if one["attention"] == "cross"]
    for one, other in zip(written, given, strict=True):
        assert one["generated_from"] == 1
        assert one["tokens"] == other["tokens"]
        assert one["received"] == other["received"]
    encoded = [one for one in document["sentences"] if one["attention"] == "encoder"]
    assert all("generated_from" not in one for one in encoded)


def test_an_encoder_writes_nothing(tool: Tool, tiny: Path, text: Path) -> None:
    error, hint = refused(tool("report", tiny, text, "--generate", "5", *JSON))
    assert "can't continue a text" in error
    assert "--generate" in hint


def test_a_text_that_needs_too_much_memory(tool: Tool, writer: Path, long_text: Path) -> None:
    whole = ("report", writer, long_text, *JSON, "--max-memory", "900KB")
    error, hint = refused(tool(*whole, "--split", "document"))
    assert f"Sentence 1 of {LONG + 2} tokens needs about " in error
    assert "878.9 KiB are allowed" in error
    assert "--split sentence" in hint
    assert "--max-memory" in hint
    # The hint helps.
    assert len(found(tool(*whole, "--split", "line"))["sentences"]) == LONG // 7


def test_a_large_model_doesnt_fit_into_a_megabyte(tool: Tool, quickstart: Path) -> None:
    error, hint = refused(tool("report", "minilm", quickstart, "--max-memory", "1MB", *JSON))
    assert "976.6 KiB are allowed" in error
    assert "--split sentence" in hint


def test_a_memory_that_is_no_size(tool: Tool, tiny: Path, text: Path) -> None:
    error, hint = refused(tool("report", tiny, text, "--max-memory", "lots"), 2)
    assert "--max-memory is 'lots'" in error
    assert "4GiB" in hint


def test_without_memory_to_spare_a_long_text_has_no_rollout(
    tool: Tool, writer: Path, long_text: Path
) -> None:
    whole = ("report", writer, long_text, "--split", "document", *JSON)
    # The model is 16 wide and 32 inside, with two heads.
    least = (LONG + 2) * 4 * (12 * 16 + 3 * 32 + 40 * 2) + 4 * 300 * 8
    refused(tool(*whole, "--max-memory", str(least - 1)))
    scarce, ample = (tool(*whole, "--max-memory", str(size)) for size in (least, 4 * least))
    assert "warning: No rollout for 1 sentence" in scarce.err
    assert "No rollout" not in ample.err
    without, with_it = (found(done)["sentences"][0] for done in (scarce, ample))
    assert (without["rollout"], without["drift"]) == ([], None)
    assert len(with_it["rollout"]) == LONG + 2
    assert sum(with_it["rollout"]) == pytest.approx(1.0, abs=1e-3)
    assert without["received"] == with_it["received"]
    assert without["entropy_by_layer"] == with_it["entropy_by_layer"]


def test_a_long_text_has_figures_and_full_arrays(
    tool: Tool, writer: Path, long_text: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    options = ("--split", "document", "--resamples", "100", "--illustrate", "1", "--jobs", "1")
    done = tool("report", writer, long_text, "-o", out, *options)
    assert done.code == 0, done.err
    written = content(out)
    document = json.loads(written["report.json"])
    (one,) = document["sentences"]
    for name in ("tokens", "special", "rollout", "received"):
        assert len(one[name]) == LONG + 2
    assert one["tokens"][1:8] == ["the", "dog", "sat", "on", "the", "mat", "."]
    assert sum(one["rollout"]) == pytest.approx(1.0, abs=1e-3)
    assert sum(one["received"]) == pytest.approx(1.0, abs=1e-3)
    assert len(one["words"]) == LONG
    drawn = {figure["path"] for figure in document["figures"]}
    assert {f"figures/s001/{kind}" for kind in ("mosaic", "layers", "rollout")} <= drawn
    assert all({f"{path}.svg", f"{path}.png"} & set(written) for path in drawn)
    # A matrix in full would be 400,000 numbers a head.
    assert len(written["report.html"]) < 10 * 2**20


def compare(one: Any, other: Any, where: str = "report") -> int:
    """Asserts that two documents are the same up to rounding; returns how many numbers they have.

    Numbers are written with six digits.
    """
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        return sum(compare(one[key], other[key], f"{where}.{key}") for key in one)
    if isinstance(one, list):
        assert len(one) == len(other), where
        return sum(compare(a, b, f"{where}[{k}]") for k, (a, b) in enumerate(zip(one, other)))  # noqa: B905 - as long
    if isinstance(one, float) and isinstance(other, int | float):
        assert one == pytest.approx(other, abs=1e-5, rel=1e-5), where
        return 1
    assert one == other, where
    return 0


@pytest.mark.parametrize("kernel", ["dense", "tiles"])
@pytest.mark.parametrize("model", ["tiny", "writer", "translator"])
def test_all_kernels_find_the_same(
    tool: Tool,
    text: Path,
    few: tuple[Path, Path],
    request: pytest.FixtureRequest,
    model: str,
    kernel: str,
) -> None:
    if model == "translator":
        command: tuple[Any, ...] = ("report", MODEL, few[0], "--target", few[1])
    else:
        command = ("report", request.getfixturevalue(model), text)
    fused, other = (found(tool(*command, "--kernel", name, *JSON)) for name in ("fused", kernel))
    assert (fused.pop("options")["kernel"], other.pop("options")["kernel"]) == ("fused", kernel)
    # Every statistic of every head at the least, each with its interval.
    assert compare(fused, other) > 200
