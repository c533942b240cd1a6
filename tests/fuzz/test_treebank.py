"""Damaged treebanks are read rightly, or refused with file and line; deep ones are only deep.

`python -m pytest tests/fuzz/test_treebank.py --fuzz-size 500 --fuzz-seed 3` tries many more.
"""

from __future__ import annotations

import io
import re
import time
from pathlib import Path
from random import Random

import pytest

from attnviz.errors import AttnvizError, ExitCode
from attnviz.text.files import read
from attnviz.text.split import sentences
from attnviz.text.types import Sentence, SourceFile
from tests.fuzz import inert
from tests.fuzz.trees import damaged, row, treebank
from tests.helpers.models import write_model
from tests.helpers.tool import Tool

pytestmark = pytest.mark.slow

DEEP = 10_000
PLACED = re.compile(r"bank\.conllu(?:, line \d+: |[ .])")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "tiny")


def test_sound_treebanks_are_read_as_they_are(fuzz_size: int | None, fuzz_seed: int) -> None:
    for number in range(fuzz_size or 100):
        data = treebank(Random(f"{fuzz_seed} {number}"))  # noqa: S311 - nothing secret
        rows = [line.split("\t") for line in data.decode().split("\n") if "\t" in line]
        heads = [int(cells[6]) - 1 for cells in rows if cells[0].isdigit()]
        read = parsed(data)
        assert [head for sentence in read for head in heads_of(sentence)] == heads


def test_damaged_treebanks_are_read_or_refused(fuzz_size: int | None, fuzz_seed: int) -> None:
    for number in range(4 * (fuzz_size or 150)):
        data = damaged(Random(f"{fuzz_seed} {number}"))  # noqa: S311
        refused, read = outcome(data)
        assert refused is None or refused.hint
        assert getattr(refused, "exit_code", ExitCode.INPUT) in (3, 5)
        for sentence in read:
            check(sentence)


def test_a_run_on_damaged_treebanks(
    tool: Tool, model: Path, tmp_path: Path, fuzz_size: int | None, fuzz_seed: int
) -> None:
    bank = tmp_path / "bank.conllu"
    for number in range(fuzz_size or 12):
        bank.write_bytes(damaged(Random(f"{fuzz_seed} {number}")))  # noqa: S311
        done = tool(
            "report", model, bank, "--format", "json", "--kernel", "tiles", "--resamples", "100"
        )
        inert.screen(done.out + done.err)
        assert done.code in (0, 3, 5), done.err
        if done.code:
            assert done.out == ""
            assert PLACED.search(done.err) or done.code == 5, done.err
            assert "hint: " in done.err
        else:
            inert.report_json(done.out)


@pytest.mark.parametrize("up", [True, False])
def test_a_chain_of_ten_thousand_heads(up: bool) -> None:
    lines = [
        row(str(number), "word", number - 1 if up else (number + 1) % (DEEP + 1), "dep")
        for number in range(1, DEEP + 1)
    ]
    started = time.process_time()
    (only,) = parsed("\n".join(lines).encode())
    check(only)
    assert len(heads_of(only)) == DEEP
    assert time.process_time() - started < 20  # seconds; it takes one


@pytest.mark.parametrize("head", ["", "-x-1"])
def test_ten_thousand_entities_in_each_other(head: str) -> None:
    """Opened one a word and closed one a word, on words that hang on each other in a chain."""
    lines = [row(str(k), "word", k - 1, "dep", f"Entity=(e{k}{head}") for k in range(1, DEEP + 1)]
    lines += [
        row(str(DEEP + k), "word", DEEP + k - 1, "dep", f"Entity=e{DEEP + 1 - k})")
        for k in range(1, DEEP + 1)
    ]
    started = time.process_time()
    (only,) = parsed("\n".join(lines).encode())
    assert only.annotation is not None
    mentions = only.annotation.mentions
    assert len(mentions) == DEEP
    assert {(each.start, each.end, each.head) for each in mentions} == {
        (k, 2 * DEEP - k, k) for k in range(DEEP)
    }
    assert time.process_time() - started < 30  # seconds; it takes two


def test_a_deep_sentence_is_cut_and_reported_on(tool: Tool, model: Path, tmp_path: Path) -> None:
    bank = tmp_path / "bank.conllu"
    lines = [
        row(str(k), "dog", k - 1, "dep", f"Entity=(e{k % 997})(e{k % 7}")
        for k in range(1, DEEP + 1)
    ]
    bank.write_text("\n".join(lines) + "\n\n" + "\n".join(lines[:20]) + "\n")
    done = tool("report", model, bank, "--format", "json", "--kernel", "tiles")
    assert done.code == 0, done.err
    assert "Cut to the model's limit" in done.err
    done = tool("report", model, bank, "--format", "json", "--long", "error")
    assert done.code == 3
    assert "10,002 tokens" in done.err


def parsed(data: bytes) -> tuple[Sentence, ...]:
    (file,) = read(["-"], io.BytesIO(data))
    return sentences([SourceFile("bank.conllu", file.sha256, file.text)])


def outcome(data: bytes) -> tuple[AttnvizError | None, tuple[Sentence, ...]]:
    try:
        return None, parsed(data)
    except AttnvizError as error:
        return error, ()


def heads_of(sentence: Sentence) -> tuple[int, ...]:
    assert sentence.annotation is not None
    return sentence.annotation.heads


def check(sentence: Sentence) -> None:
    """What holds of every sentence that was read: places in its text, a tree, spans of words."""
    known = sentence.annotation
    assert known is not None
    count = len(known.forms)
    assert {len(known.spans), len(known.upos), len(known.heads), len(known.relations)} == {count}
    assert all(0 <= start <= end <= len(sentence.text) for start, end in known.spans)
    rooted = {-1}
    for place in range(count):
        chain: list[int] = []
        while place not in rooted:
            assert len(chain) <= count
            chain.append(place)
            place = known.heads[place]  # noqa: PLW2901 - climbs the tree
        rooted.update(chain)
    assert all(0 <= each.start <= each.head < each.end <= count for each in known.mentions)
