from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from attnviz.text.files import read
from attnviz.text.showable import showable
from attnviz.text.split import sentences

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.mark.parametrize("name", ["quickstart.txt", "scripts.txt"])
def test_a_sample_is_one_sentence_a_line_and_all_showable(name: str) -> None:
    files = read([SAMPLES / name], None)
    split = sentences(files)
    assert [each.text for each in split] == files[0].text.splitlines()
    assert all(showable(each.text) == each.text for each in split)


def test_quickstart_has_enough_evidence_in_both_halves() -> None:
    split = sentences(read([SAMPLES / "quickstart.txt"], None))
    assert min(sum(each.half == half for each in split) for half in (0, 1)) >= 50
    lengths = [len(re.findall(r"\w+", each.text)) for each in split]
    assert min(lengths) <= 4
    assert max(lengths) >= 40
    assert len({each.text for each in split}) == len(split)


def test_the_readme_names_every_sample() -> None:
    text = (SAMPLES / "README.md").read_text(encoding="utf-8")
    assert all(f"`{file.name}`" in text for file in SAMPLES.glob("*.txt"))


def test_the_room_imports_quickly() -> None:
    code = (
        "import sys, attnviz.text.files, attnviz.text.split, attnviz.text.tokenize\n"
        "print(*sorted({'torch', 'transformers', 'sentencex', 'conllu'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""
