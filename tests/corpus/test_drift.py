"""A corpus held against one that was measured earlier."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.corpora import scanned, sentences, write_lines
from tests.helpers.tool import Tool, content

pytestmark = pytest.mark.slow


def short(many: int) -> list[str]:
    """Sentences of two words, of which heads make something else than of long ones."""
    rng = np.random.default_rng(5)
    return [" ".join(rng.choice(["dog", "cat", "bird"], 2)).capitalize() + "." for _ in range(many)]


@pytest.fixture(scope="module")
def january(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("january")
    scanned(tiny, write_lines(folder / "january.txt", sentences(300)), into=folder / "scan")
    return folder / "scan"


def test_text_of_the_same_kind_does_not_drift(tiny: Path, january: Path, tmp_path: Path) -> None:
    text = write_lines(tmp_path / "february.txt", sentences(300, seed=1))
    done = scanned(tiny, text, into=tmp_path / "scan", against=january)
    assert done.drift is not None
    assert (done.drift.sentences, done.drift.paired, done.drift.certain) == (300, False, 0)
    assert done.drift.compared > 20
    assert done.drift.lines()[0] == (
        f"Against {january} (300 sentences): 0 of {done.drift.compared} differences are certain."
    )


def test_text_of_another_kind_does(tiny: Path, january: Path, tool: Tool, tmp_path: Path) -> None:
    text = write_lines(tmp_path / "march.txt", short(300))
    plain = scanned(tiny, text, into=tmp_path / "plain")
    assert plain.drift is None
    asked = ("scan", tiny, text, "-o", tmp_path / "scan", "--against", january)
    ran = tool(*asked)
    assert (ran.code, ran.err) == (0, "")
    against = next(line for line in ran.out.splitlines() if line.startswith("Against "))
    assert " differences are certain." in against
    # It is told, and changes nothing of what was measured.
    assert content(tmp_path / "scan") == content(tmp_path / "plain")
    told = json.loads(tool(*asked, "--format", "json").out)["drift"]
    assert told["certain"] > 10
    assert (told["model"], told["sentences"], told["paired"]) == ("tiny", 300, False)
    largest = told["differences"][0]
    assert largest["difference"] == pytest.approx(largest["after"] - largest["before"])
    assert largest["sure_low"] * largest["sure_high"] > 0
    assert largest["measure"] in {"entropy", "distance"}  # fewer tokens leave less of both
    assert largest["difference"] < 0
    assert told["findings"]


def test_a_corpus_against_itself(tiny: Path, january: Path, tool: Tool, tmp_path: Path) -> None:
    text = january.parent / "january.txt"
    ran = tool("scan", tiny, text, "-o", january, "--against", january)
    assert "Against " in ran.out
    assert "(the same sentences): 0 of " in ran.out
    for number in (1, 2):
        part = tmp_path / f"part{number}"
        assert tool("scan", tiny, text, "-o", part, "--part", f"{number}/2").code == 0
    parts = tmp_path / "part1", tmp_path / "part2"
    ran = tool("merge", *parts, "-o", tmp_path / "whole", "--against", january)
    assert (ran.code, "(the same sentences): 0 of " in ran.out) == (0, True)
    ran = tool("scan", tiny, text, "-o", tmp_path / "x", "--part", "1/2", "--against", january)
    assert (ran.code, "attnviz merge takes --against, too" in ran.err) == (2, True)


def test_what_can_not_be_compared_is_told_at_once(
    tiny: Path, january: Path, tool: Tool, tmp_path: Path
) -> None:
    text = january.parent / "january.txt"
    folder = tmp_path / "scan"
    ran = tool("scan", tiny, text, "-o", folder, "--against", tmp_path / "nothing")
    assert (ran.code, "There is no folder" in ran.err) == (3, True)
    ran = tool("scan", tiny, text, "-o", folder, "--against", january, "--words")
    assert (ran.code, "--words was False there and is True now" in ran.err) == (2, True)
    assert not folder.exists()
