"""Hostile text is text: on the page, in Markdown, JSON, pictures, and on the terminal.

`python -m pytest tests/fuzz/test_text.py --fuzz-size 10000 --fuzz-seed 3` tries many more lines.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from attnviz.console import tell
from attnviz.figures.fonts import choose, fitted
from attnviz.figures.render import render
from attnviz.figures.sheet import Sheet
from attnviz.figures.style import FigureStyle
from attnviz.report import terminal
from attnviz.report.escape import harmless
from attnviz.report.formats import html, json_report, markdown
from attnviz.text.showable import showable
from tests.fuzz import inert
from tests.fuzz.lines import hostile_lines, one_line
from tests.helpers import example
from tests.helpers.models import write_model
from tests.helpers.tool import Tool

pytestmark = pytest.mark.slow

BATCH = 250


@pytest.fixture(scope="module")
def lines(fuzz_size: int | None, fuzz_seed: int) -> list[str]:
    return hostile_lines(fuzz_size or 60, fuzz_seed)


@pytest.fixture(scope="module", params=["words", "bytes"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model that reads words, or each byte as a token."""
    folder = tmp_path_factory.mktemp("models") / str(request.param)
    if request.param == "words":
        return write_model(folder, max_position_embeddings=64)
    sizes: dict[str, Any] = {"n_embd": 16, "n_layer": 2, "n_head": 2, "vocab_size": 257}
    sizes |= {"bos_token_id": 0, "eos_token_id": 0}
    write_model(folder, "gpt2", n_positions=256, **sizes)
    _write_byte_tokenizer(folder)
    return folder


def _write_byte_tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {piece: place for place, piece in enumerate(["<|end|>", *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        model_max_length=256,
        eos_token="<|end|>",  # noqa: S106
    ).save_pretrained(folder)


def _batches(lines: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (lines[first : first + size] for first in range(0, len(lines), size))


def test_every_way_to_show_a_string(
    lines: Sequence[str], capfd: pytest.CaptureFixture[str]
) -> None:
    for line in lines:
        inert.screen(showable(line))
        inert.screen(harmless(line))
        tell(line, label="warning")
    shown = capfd.readouterr().err
    inert.screen(shown)
    assert shown.splitlines() == [f"warning: {showable(line)}" for line in lines]


def test_every_place_of_a_report(lines: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The example has a hostile text in every string that comes from outside."""
    for some in _batches(lines, BATCH // 10):
        text = " ".join(line[:200] for line in some)
        monkeypatch.setattr(example, "HOSTILE", text)
        made = example.report(hostile=True, sentences=2, layers=1)
        pictures = example.pictures(made)
        page = inert.page(html.write(made, pictures).decode())
        assert " ".join(harmless(text).split()) in " ".join(page.text.split())
        inert.markdown(markdown.write(made, pictures).decode())
        told = inert.report_json(json_report.write(made, pictures).decode())
        assert told["model"]["name"] == text.encode("utf-16", "surrogatepass").decode(
            "utf-16", "replace"
        )
        screen = io.StringIO()
        Console(file=screen, width=80, force_terminal=False).print(terminal.summary(made, text))
        inert.screen(screen.getvalue())


def test_every_line_can_be_drawn(lines: Sequence[str]) -> None:
    """No glyph is missing, which would be a warning, and warnings are errors here."""
    labels = [showable(line)[:60] for line in lines]
    style = fitted(FigureStyle(dpi=40), labels)
    assert choose(labels) == (style.fonts, style.missing)
    for some in _batches(labels, BATCH):
        sheet = Sheet(style)
        for row, label in enumerate(some):
            sheet.text(5.0, 10.0 * (row + 1), label)
        figure = sheet.figure(300.0, 10.0 * len(some) + 10.0)
        drawn = render(figure, style, path="x", title=some[0], caption=some[-1])
        inert.picture(drawn.svg)


def test_whole_reports(tool: Tool, model: Path, lines: Sequence[str], tmp_path: Path) -> None:
    for number, some in enumerate(_batches(lines, BATCH)):
        written = [one_line(line) for line in some]
        text, out = tmp_path / "text.txt", tmp_path / f"out{number}"
        text.write_text("\n".join(written), encoding="utf-8", newline="")
        done = tool(
            *("report", model, text, "-o", out, "--split", "line", "--illustrate", "3"),
            *("--jobs", "1", "--kernel", "tiles", "--dpi", "40", "--resamples", "100"),
        )
        assert done.code == 0, done.err
        inert.screen(done.out + done.err)
        page, told = inert.folder(out)
        assert [one["text"] for one in told["sentences"]] == [line.strip() for line in written]
        assert "tokens" in page.text
        assert {path.name for path in tmp_path.iterdir()} <= {"text.txt", out.name}
        assert not Path("pwned").exists()
        shutil.rmtree(out)


def test_json_on_standard_output(
    tool: Tool, model: Path, lines: Sequence[str], tmp_path: Path
) -> None:
    """As `--format json` prints it, on a terminal perhaps."""
    text = tmp_path / "text.txt"
    text.write_text("\n".join(map(one_line, lines[:BATCH])), encoding="utf-8", newline="")
    done = tool("report", model, text, "--split", "line", "--format", "json", "--kernel", "tiles")
    assert done.code == 0, done.err
    inert.screen(done.out + done.err)
    inert.report_json(done.out)
